import { backoff } from "../timing/backoff.ts";

/** Consecutive failures of an account's connection. The delay doubles from 1 s to 5 minutes. */
export class ReconnectBackoff {
  #failures = 0;
  readonly #delayAfter: (failures: number) => number;

  /** Takes the source of the jitter, 0 to 1. */
  constructor(random: () => number) {
    this.#delayAfter = backoff({ baseMs: 1_000, maxMs: 300_000, random });
  }

  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  /** Counts a failure; returns the delay before the next try in milliseconds. */
  failed(): number {
    this.#failures += 1;
    return this.#delayAfter(this.#failures);
  }

  reset(): void {
    this.#failures = 0;
  }
}
