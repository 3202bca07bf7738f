import type { EventLog } from "../event-log/event-log.ts";
import type { Log } from "../model/log.ts";
import type { nextWait } from "./backoff.ts";
import { deliveryOf, type EffortDeps } from "./circuit-breaker.ts";
import { rounds } from "./delivery-round.ts";
import { type Memory, memoryOf } from "./delivery-state.ts";
import type { Claim, HookWork } from "./delivery-store.ts";
import { keepLease } from "./lease.ts";
import { doorbell } from "./wake-signal.ts";

export interface SessionDeps extends Pick<EffortDeps, "post" | "onAttempt"> {
  readonly claim: Claim;
  readonly work: HookWork;
  readonly log: Pick<EventLog, "range">;
  readonly logger: Log;
  /** For tests. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly wait?: typeof nextWait;
}

/** One hook while this worker delivers it. */
export interface HookSession {
  /** There may be something new in the log. */
  readonly wake: () => void;
  /** Ends what is under way, up to `graceMs`, writes it down and gives the hook back. */
  readonly stop: (graceMs: number) => Promise<void>;
  /** Resolves when it is over: lost, gone, switched off or stopped. */
  readonly done: Promise<void>;
}

const AWAY_MS = 500;

/** Delivers one hook for as long as its lease lasts. */
export function hookSession(deps: SessionDeps): HookSession {
  const { claim, work, logger } = deps;
  const stopping = new AbortController();
  const bell = doorbell();
  const state = { memory: undefined as Memory | undefined, stale: true, over: false };

  function end(): void {
    state.over = true;
    stopping.abort(new Error("the hook is in other hands"));
    bell.ring();
  }
  const lease = keepLease({
    claim,
    work,
    logger,
    onLost: end,
    onRenewed: ({ version, moves, test }) => {
      const { memory } = state;
      if (memory === undefined) return;
      if (version !== memory.loaded.version || moves !== memory.loaded.moves) {
        state.stale = true;
        bell.ring();
      }
      if (test) void sendTest(deps, memory, test, stopping.signal);
    },
  });
  const mine = (): boolean => !state.over && lease.mine();
  const round = rounds(deps, { signal: stopping.signal, mine });

  /** One look at the hook; answers the milliseconds until the next. */
  async function look(): Promise<number> {
    if (state.stale || state.memory === undefined) {
      state.stale = false;
      const loaded = await work.load(claim);
      if (loaded) state.memory = memoryOf(loaded);
      else end();
    }
    if (state.memory === undefined || !mine()) return AWAY_MS;
    const answer = await round(state.memory);
    if (answer.outcome === "over") end();
    else if (answer.outcome === "moved") state.stale = true;
    else state.memory = answer.memory;
    return answer.outcome === "went-on" ? answer.waitMs : 0;
  }
  async function run(): Promise<void> {
    while (!state.over) {
      const waitMs = await look().catch((error: unknown) => {
        logger.warn({ err: error, hook: claim.name, app: claim.app }, "a hook's turn broke off and is tried again");
        // Whether it was written nobody here knows; Redis does.
        state.stale = true;
        return AWAY_MS;
      });
      if (!state.over) await bell.wait(waitMs);
    }
  }

  const done = run().finally(lease.giveBack);
  return {
    wake: bell.ring,
    done,
    stop: async (graceMs) => {
      state.over = true;
      bell.ring();
      const late = setTimeout(() => stopping.abort(new Error("shutting down")), graceMs);
      await done;
      clearTimeout(late);
    },
  };
}

async function sendTest(
  { post, work, claim, logger, now = Date.now }: SessionDeps,
  { loaded }: Memory,
  [id, json]: readonly [id: string, json: string],
  signal: AbortSignal,
): Promise<void> {
  const at = new Date(now()).toISOString();
  const verdict = await post(loaded, id, json, signal);
  await work
    .record(claim, deliveryOf({ id, json }, verdict, at, 1))
    .catch((error: unknown) => logger.warn({ err: error, hook: claim.name }, "a test's outcome could not be written"));
}
