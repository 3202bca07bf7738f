import { setTimeout as sleep } from "node:timers/promises";
import type { LaneItem, LaneState } from "../outbox/outbox.ts";
import { Suspicion, type SuspicionDeps } from "./suspicion.ts";

/** Pause before a suspect starts. Others end, or have run too long to be the cause of a crash. */
const QUIET_MS = 1_000;
/** Time that a suspect runs alone. */
const ALONE_MS = 2_000;
/** Suspicion that is left when the worker dies while the suspect runs alone. */
const ALONE_SUSPICION = 4;
/** Suspicion left instead while suspects that were alone earlier are still under way. */
const CONTESTED_SUSPICION = 2;
/** Suspicion left when the worker dies later, while the suspect runs beside others. */
const LATER_SUSPICION = 1;

export interface CrashIsolationDeps extends Omit<SuspicionDeps, "clock"> {
  /** Clock in ms, and pauses that keep no process alive. */
  readonly clock?: SuspicionDeps["clock"] & { readonly now: () => number };
}

type Run = () => Promise<LaneState>;

/**
 * Gate of a worker process around its deliveries. When a worker dies, every item under way may be the cause. Items that
 * saw several deaths are suspects: each runs alone for a moment, one suspect after the other, so that a death then is
 * evidence against that suspect only. The gate is open at least half of the time.
 */
export class CrashIsolation {
  readonly #deps: Required<CrashIsolationDeps>;
  /** Resolves when the gate opens; undefined while it is open. */
  #gate: Promise<void> | undefined;
  /** Resolves when no suspect waits for its turn. */
  #lastTurn: Promise<void> = Promise.resolve();
  #underWay = 0;
  #suspectsUnderWay = 0;
  #onIdle: () => void = () => undefined;

  constructor({ clock = REAL_CLOCK, ...deps }: CrashIsolationDeps) {
    this.#deps = { ...deps, clock };
  }

  /** Runs an item beside others; waits only while a suspect is alone. Returns the item when the signal aborts before. */
  async runBeside(item: LaneItem, run: Run, signal: AbortSignal): Promise<LaneState> {
    if (this.#gate && !(await happensBeforeAbort(this.#gate, signal))) return { kind: "item", item };
    return this.#track(run);
  }

  /**
   * Runs a suspect alone for a moment, then beside others. Suspicion is on record only while the suspect runs, so that
   * only a death leaves it there. Returns the item when the signal aborts before.
   */
  async runSuspect(item: LaneItem, run: Run, signal: AbortSignal): Promise<LaneState> {
    const started = await this.#inTurn(signal, async () => {
      const suspicion = new Suspicion(this.#deps, item, signal);
      const level = this.#suspectsUnderWay > 0 ? CONTESTED_SUSPICION : ALONE_SUSPICION;
      if ((await suspicion.raise(level)) === "lost") return { state: { kind: "lost" } as const };
      const state = this.#trackSuspect(run, suspicion);
      // The gate opens even while Redis fails.
      if (!(await this.#settlesWithin(state, ALONE_MS)))
        await Promise.race([suspicion.lower(LATER_SUSPICION), this.#deps.clock.pause(QUIET_MS)]);
      return { state };
    });
    return started?.state ?? { kind: "item", item };
  }

  /** Awaits the suspect's turn and closes the gate around `trial`. The next turn begins after the gate was open for as long. */
  async #inTurn<T>(signal: AbortSignal, trial: () => Promise<T>): Promise<T | undefined> {
    const begins = this.#lastTurn;
    const { promise: ended, resolve: end } = deferred();
    this.#lastTurn = begins.then(() => ended);
    if (!(await happensBeforeAbort(begins, signal))) {
      end();
      return undefined;
    }
    const closedAt = this.#deps.clock.now();
    const { promise: gate, resolve: open } = deferred();
    this.#gate = gate;
    try {
      return (await happensBeforeAbort(this.#quiet(), signal)) ? await trial() : undefined;
    } finally {
      this.#gate = undefined;
      open();
      void this.#deps.clock.pause(this.#deps.clock.now() - closedAt).then(end);
    }
  }

  /** Resolves when nothing is under way, or what is has run for a while. */
  async #quiet(): Promise<void> {
    if (this.#underWay === 0) return;
    const { promise: idle, resolve } = deferred();
    this.#onIdle = resolve;
    await Promise.race([idle, this.#deps.clock.pause(QUIET_MS)]);
  }

  async #settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
    const settled = work.then(
      () => true,
      () => true,
    );
    return Promise.race([settled, this.#deps.clock.pause(ms).then(() => false)]);
  }

  async #track(run: Run): Promise<LaneState> {
    this.#underWay += 1;
    try {
      return await run();
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#onIdle();
    }
  }

  /** Tracks a suspect. Takes the suspicion back after an error, which is no crash; an outcome clears it anyway. */
  async #trackSuspect(run: Run, suspicion: Suspicion): Promise<LaneState> {
    this.#suspectsUnderWay += 1;
    try {
      return await this.#track(run);
    } catch (error) {
      await suspicion.lower(0);
      throw error;
    } finally {
      this.#suspectsUnderWay -= 1;
    }
  }
}

const REAL_CLOCK = {
  now: () => performance.now(),
  pause: (ms: number) => sleep(ms, undefined, { ref: false }),
};

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Resolves with true at the event, or with false once the signal aborts. */
function happensBeforeAbort(event: Promise<void>, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const onAbort = (): void => resolve(false);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    void event.then(() => {
      signal.removeEventListener("abort", onAbort);
      resolve(true);
    });
  });
}
