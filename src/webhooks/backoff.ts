const FIRST_MS = 5_000;
const MOST_MS = 3_600_000;
/** How long a receiver may fail before its hook is switched off, and an event before it is given up. */
export const GIVE_UP_MS = 24 * 3_600_000;

/**
 * Milliseconds until the next try after so many failures: 5 s, doubled up to an hour, give or take a quarter (`random` is
 * 0 to 1). What the receiver asks for (`Retry-After`) is waited, up to a day.
 */
export function nextWait(failures: number, random: number, askedMs = 0): number {
  const computed = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 20), MOST_MS) * (0.75 + random / 2);
  return Math.round(Math.max(computed, Math.min(askedMs, GIVE_UP_MS)));
}
