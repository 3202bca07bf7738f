import { backoff } from "../timing/backoff.ts";

const FIRST_DELAY_MS = 5_000;
/** Longest pause between two attempts. */
export const MAX_DELAY_MS = 3_600_000;
const JITTER = [0.75, 1.25] as const;
/** Longest time of failures: then a webhook is disabled, or an event skipped. */
export const GIVE_UP_MS = 24 * 3_600_000;

/**
 * Returns the next attempt's delay: 5 s, doubled per failure, up to an hour.
 * Jitter is a quarter in both directions (`random` is 0 to 1). A `Retry-After` of the receiver is respected up to a day.
 */
export function retryDelayMs(failures: number, random: number, retryAfterMs = 0): number {
  const delay = backoff({ baseMs: FIRST_DELAY_MS, maxMs: MAX_DELAY_MS, jitter: JITTER, random: () => random });
  return Math.max(delay(failures), Math.min(retryAfterMs, GIVE_UP_MS));
}
