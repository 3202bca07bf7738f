const FIRST_MS = 1_000;
const MOST_MS = 300_000;

/** Milliseconds before the n-th try to connect again (1 is the first): doubling with jitter, up to five minutes. */
export function backoff(tries: number, random: number): number {
  return Math.round(Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(tries - 1, 20)) * (0.5 + random / 2));
}
