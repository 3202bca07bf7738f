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
  /** Reports after each round, for metrics, how many accepted activities have no result yet. */
  readonly onOutstanding?: (count: number) => void;
}

/**
 * Starts the sweep. Due activities join their lanes, idle lanes are woken, ended lifetimes become results. Any role may
 * run it, any number of times at once.
 */
export function sweep(deps: SweepDeps): { readonly once: () => Promise<void>; readonly stop: () => Promise<void> } {
  const { log, everyMs = 500 } = deps;
  const once = (): Promise<void> => sweepAllTags(deps);
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = once()
        .catch((err: unknown) => log.warn({ err }, "sweep failed; retrying"))
        .then(schedule);
    }, everyMs);
  }
  schedule();

  return {
    once,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

async function sweepAllTags({ outbox, lanes, onOutstanding }: SweepDeps): Promise<void> {
  let total = 0;
  for (const tag of keys.tags) {
    const { wakes, late, outstanding } = await outbox.sweep(tag);
    total += outstanding;
    await Promise.all([
      ...wakes.map((wake) => lanes.wake(wake)),
      ...late.map(({ app, rid }) => expireActivity({ outbox, lanes }, app, rid)),
    ]);
  }
  onOutstanding?.(total);
}
