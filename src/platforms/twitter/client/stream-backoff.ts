import type { Failure } from "../../../model/failure.ts";

/** X's own rules of reconnecting (https://docs.x.com/x-api/fundamentals/handling-disconnections), in ms. */
export interface StreamPace {
  /** The longest silence; X says something each 20 s. */
  readonly silence: number;
  /** After a broken line: so much more at each try, 64 times at most. */
  readonly line: number;
  /** After an HTTP error: doubled at each try, up to 64 times. */
  readonly http: number;
  /** After a 429: doubled at each try, up to 16 times. */
  readonly limited: number;
  /** When X does not allow it at all. */
  readonly refused: number;
}
export const STREAM_PACE: StreamPace = {
  silence: 40_000,
  line: 250,
  http: 5_000,
  limited: 60_000,
  refused: 3_600_000,
};

/** How long to wait after each failure in a row, in ms. */
export interface Backoff {
  readonly after: (failure: Failure) => number;
  /** Ends the row: a stream lasted. */
  readonly reset: () => void;
}

/** See `StreamPace`. */
export function backoff(pace: StreamPace): Backoff {
  let fails = 0;
  return {
    after({ kind, platformCode = "", retryAfterMs = 0 }) {
      fails += 1;
      const doubled = (most: number) => Math.min(2 ** (fails - 1), most);
      if (kind === "rate-limited") return Math.max(retryAfterMs, pace.limited * doubled(16));
      if (kind !== "retryable") return pace.refused;
      if (platformCode.startsWith("HTTP ")) return pace.http * doubled(64);
      return pace.line * Math.min(fails, 64);
    },
    reset: () => {
      fails = 0;
    },
  };
}
