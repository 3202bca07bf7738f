/** Options of a token bucket. */
export interface TokenBucketOptions {
  /** Tokens in a full bucket: the largest burst. */
  readonly capacity: number;
  /** Tokens added per second. */
  readonly perSecond: number;
}

/** Rate limiter that allows bursts. */
export interface TokenBucket {
  /** Takes a token, ahead of time where none is left. Answers the milliseconds until the token is due. */
  readonly take: (now?: number) => number;
  /** Gives a token back that was not used. */
  readonly putBack: () => void;
  readonly isFull: (now?: number) => boolean;
}

/** Creates a full token bucket. `now` is a monotonic clock in milliseconds. */
export function tokenBucket({ capacity, perSecond }: TokenBucketOptions): TokenBucket {
  let tokens = capacity;
  let filledAt = performance.now();
  const fill = (now: number) => {
    tokens = Math.min(capacity, tokens + (Math.max(0, now - filledAt) / 1_000) * perSecond);
    filledAt = now;
  };
  return {
    take(now = performance.now()) {
      fill(now);
      tokens -= 1;
      return tokens >= 0 ? 0 : Math.ceil((-tokens / perSecond) * 1_000);
    },
    putBack() {
      tokens = Math.min(capacity, tokens + 1);
    },
    isFull(now = performance.now()) {
      fill(now);
      return tokens >= capacity;
    },
  };
}
