const FIRST_MS = 1_000;
const MAX_MS = 300_000;

/** Returns the milliseconds before the n-th reconnect (from 1): doubling with jitter, up to five minutes. */
export function reconnectDelay(attempt: number, random: number): number {
  return Math.round(Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 20)) * (0.5 + random / 2));
}

/** Count of one account's failed connections in a row, and the delay before the next. */
export class ReconnectBackoff {
  #failures = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  /** Counts a failure; returns the delay before the next try in milliseconds. */
  failed(): number {
    this.#failures += 1;
    return reconnectDelay(this.#failures, this.#random());
  }

  reset(): void {
    this.#failures = 0;
  }
}
