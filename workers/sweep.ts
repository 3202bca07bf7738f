import type { Log } from "../src/model/log.ts";
import { expireActivity } from "../src/operations/end-activity.ts";
import type { LaneQueues } from "../src/outbox/lane-queues.ts";
import type { Outbox } from "../src/outbox/outbox.ts";
import { keys } from "../src/redis/keys.ts";

export interface SweepDeps {
  readonly outbox: Outbox;
  readonly lanes: LaneQueues;
  readonly log: Log;
  readonly everyMs?: number;
  /** Longest pause while no activity waits for its result. */
  readonly idleMs?: number;
  /** Reports after each round, for metrics, how many accepted activities have no result yet. */
  readonly onOutstanding?: (count: number) => void;
}

/** Well below the time within which a dead worker's lanes are taken over. */
const IDLE_MS = 4_000;

export interface Sweep {
  readonly once: () => Promise<void>;
  /** Ends a long pause: an activity was accepted, which may be due soon. */
  readonly hurry: () => void;
  readonly stop: () => Promise<void>;
}

/**
 * Starts the sweep. Due activities join their lanes, idle lanes are woken, ended lifetimes become results. Any role may
 * run it, any number of times at once. While there is nothing to look after, each pause is twice the one before.
 */
export function sweep(deps: SweepDeps): Sweep {
  const { log, everyMs = 500, idleMs = IDLE_MS } = deps;
  const once = async (): Promise<void> => void (await sweepAllTags(deps));
  let pauseMs = everyMs;
  let isHurried = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      timer = undefined;
      isHurried = false;
      running = sweepAllTags(deps)
        .then((outstanding) => {
          const isIdle = outstanding === 0 && !isHurried;
          pauseMs = isIdle ? Math.min(pauseMs * 2, Math.max(idleMs, everyMs)) : everyMs;
        })
        .catch((err: unknown) => log.warn({ err }, "sweep failed; retrying"))
        .then(schedule);
    }, pauseMs);
  }
  schedule();

  return {
    once,
    hurry() {
      isHurried = true;
      if (pauseMs === everyMs || timer === undefined) return;
      clearTimeout(timer);
      pauseMs = everyMs;
      schedule();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** Looks after every tag; returns how many accepted activities have no result yet. */
async function sweepAllTags({ outbox, lanes, onOutstanding }: SweepDeps): Promise<number> {
  let total = 0;
  for (const tag of (await outbox.hasOutstanding()) ? keys.tags : []) {
    const { wakes, late, outstanding } = await outbox.sweep(tag);
    total += outstanding;
    await Promise.all([
      ...wakes.map((wake) => lanes.wake(wake)),
      ...late.map(({ app, rid }) => expireActivity({ outbox, lanes }, app, rid)),
    ]);
  }
  onOutstanding?.(total);
  return total;
}
