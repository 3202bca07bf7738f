import type { Failure } from "../../../model/failure.ts";

/** X's rules of reconnecting, in ms (https://docs.x.com/x-api/fundamentals/handling-disconnections). */
export interface StreamDelays {
  /** Longest silence before the stream counts as broken. X sends an empty line each 20 s. */
  readonly silenceMs: number;
  /** Step after a broken connection: added at each failure, at most 64 times. */
  readonly connectionMs: number;
  /** First delay after an HTTP error: doubled at each failure, up to 64 times. */
  readonly httpMs: number;
  /** First delay after a 429: doubled at each failure, up to 16 times. */
  readonly rateLimitedMs: number;
  /** Delay after a final refusal, when X does not allow streams to the app. */
  readonly refusedMs: number;
}
export const STREAM_DELAYS: StreamDelays = {
  silenceMs: 40_000,
  connectionMs: 250,
  httpMs: 5_000,
  rateLimitedMs: 60_000,
  refusedMs: 3_600_000,
};

/** Delays after consecutive failures, in ms. */
export interface Backoff {
  readonly after: (failure: Failure) => number;
  /** Ends the row of failures: a stream lasted. */
  readonly reset: () => void;
}

/** Creates the backoff that `StreamDelays` describes. */
export function streamBackoff(delays: StreamDelays): Backoff {
  let failures = 0;
  return {
    after({ kind, platformCode = "", retryAfterMs = 0 }) {
      failures += 1;
      const doubled = (max: number) => Math.min(2 ** (failures - 1), max);
      if (kind === "rate-limited") return Math.max(retryAfterMs, delays.rateLimitedMs * doubled(16));
      if (kind !== "retryable") return delays.refusedMs;
      if (platformCode.startsWith("HTTP ")) return delays.httpMs * doubled(64);
      return delays.connectionMs * Math.min(failures, 64);
    },
    reset: () => {
      failures = 0;
    },
  };
}
