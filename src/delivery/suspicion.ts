import type { Log } from "../model/log.ts";
import type { LaneItem, Outbox } from "../outbox/outbox.ts";

/** Pause before the suspicion is lowered again when Redis failed. */
const RETRY_MS = 200;

export interface SuspicionDeps {
  readonly outbox: Pick<Outbox, "addSuspicion">;
  readonly log: Log;
  readonly clock: { readonly pause: (ms: number) => Promise<unknown> };
}

/** Suspicion on record against an item under way. */
export class Suspicion {
  readonly #deps: SuspicionDeps;
  readonly #item: LaneItem;
  readonly #signal: AbortSignal;
  #recorded = 0;

  constructor(deps: SuspicionDeps, item: LaneItem, signal: AbortSignal) {
    this.#deps = deps;
    this.#item = item;
    this.#signal = signal;
  }

  /** Records the suspicion before the item starts. A failure of Redis may hide that it was recorded, so it is taken back. */
  async raise(level: number): Promise<"recorded" | "lost"> {
    this.#recorded = level;
    try {
      return await this.#deps.outbox.addSuspicion(this.#item, level);
    } catch (error) {
      void this.lower(0);
      throw error;
    }
  }

  /** Lowers the suspicion. Repeats that while Redis fails, since a worker that lives is no evidence. */
  async lower(level: number): Promise<void> {
    const { outbox, log, clock } = this.#deps;
    while (this.#recorded > level) {
      try {
        await outbox.addSuspicion(this.#item, level - this.#recorded);
        this.#recorded = Math.min(this.#recorded, level);
      } catch (err) {
        if (this.#signal.aborted) return;
        const { app, lane } = this.#item;
        log.debug({ err, app, lane }, "suspicion of an activity could not be lowered; trying again");
        await clock.pause(RETRY_MS);
      }
    }
  }
}
