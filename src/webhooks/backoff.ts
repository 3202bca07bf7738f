const FIRST_DELAY_MS = 5_000;
const MAX_DELAY_MS = 3_600_000;
/** Longest time of failures: then a webhook is disabled, or an event skipped. */
export const GIVE_UP_MS = 24 * 3_600_000;

/**
 * Returns the milliseconds until the next attempt: 5 s, doubled per failure, up to an hour.
 * Jitter is a quarter in both directions (`random` is 0 to 1). A `Retry-After` of the receiver is respected up to a day.
 */
export function retryDelayMs(failures: number, random: number, retryAfterMs = 0): number {
  const computed = Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 20), MAX_DELAY_MS) * (0.75 + random / 2);
  return Math.round(Math.max(computed, Math.min(retryAfterMs, GIVE_UP_MS)));
}
