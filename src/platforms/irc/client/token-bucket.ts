import { setTimeout as after } from "node:timers/promises";

/** Limits how fast lines are sent. */
export interface TokenBucket {
  /** Resolves when one more line may be sent; rejects when the signal fires first. */
  readonly take: (signal: AbortSignal) => Promise<void>;
}

export interface TokenBucketOptions {
  /** Lines sent at once after a silence. */
  readonly burst: number;
  /** Milliseconds per further line. */
  readonly interval: number;
}

/** Rate that common networks accept: ngIRCd and others count about one command a second. */
export const DEFAULT_RATE: TokenBucketOptions = { burst: 5, interval: 1_000 };

/** Creates a bucket that fills by one line per `interval` up to `burst`. Takes a single caller at a time. */
export function tokenBucket(
  { burst, interval }: TokenBucketOptions,
  now: () => number = () => performance.now(),
): TokenBucket {
  let tokens = burst;
  let filledAt = now();
  const fill = (): void => {
    const time = now();
    tokens = interval === 0 ? burst : Math.min(burst, tokens + (time - filledAt) / interval);
    filledAt = time;
  };
  return {
    take: async (signal) => {
      for (fill(); tokens < 1; fill()) await after(Math.ceil((1 - tokens) * interval), undefined, { signal });
      tokens -= 1;
    },
  };
}
