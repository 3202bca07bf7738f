import type { ResultEvent } from "../src/model/event.ts";
import { resultEvent } from "../src/model/event-builders.ts";
import type { EventError } from "../src/model/failure.ts";
import type { Log } from "../src/model/log.ts";
import type { LaneQueues } from "../src/outbox/lane-queues.ts";
import type { ActivityRecord, Outbox } from "../src/outbox/outbox.ts";
import { keys } from "../src/redis/keys.ts";

export interface SweepDeps {
  readonly outbox: Outbox;
  readonly lanes: LaneQueues;
  readonly log: Log;
  readonly everyMs?: number;
  /** Reports after each round, for metrics, how many accepted activities have no result yet. */
  readonly onOutstanding?: (count: number) => void;
}

/** How long after its lifetime a committed activity may still get its outcome before it is reported `unknown`. */
const COMMITTED_GRACE_MS = 30_000;

const OUTCOME_UNKNOWN: EventError = {
  code: "outcome-unknown",
  detail: "Its lifetime ended before its outcome was known.",
  retryable: false,
};
const EXPIRED: EventError = {
  code: "expired",
  detail: "Its lifetime ended before it could be sent; see options.expiresIn.",
  retryable: false,
};

/**
 * Starts the sweep: due activities join their lanes, idle lanes are woken, ended lifetimes become results. Any role may
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
        .catch((err: unknown) => log.warn({ err }, "sweep failed; the next one tries again"))
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
      ...wakes.map((wake) => lanes.runNow(wake)),
      ...late.map(({ app, rid }) => expire({ outbox, lanes }, app, rid)),
    ]);
  }
  onOutstanding?.(total);
}

/** Ends an activity whose lifetime is over; a committed one gets a grace period first. */
async function expire({ outbox, lanes }: Pick<SweepDeps, "outbox" | "lanes">, app: string, rid: string): Promise<void> {
  const record = await outbox.find(app, rid);
  if (!record) return outbox.forgetMissing(app, rid);
  const now = Date.now();
  if (record.committed && now < record.expiresAt + COMMITTED_GRACE_MS) {
    return outbox.extendDeadline(app, rid, COMMITTED_GRACE_MS);
  }
  const options = { mayBeCommitted: record.committed };
  const result = await outbox.finalize(app, rid, record.lane, expiryEvent(record, now), options);
  if (result.outcome === "ended" && result.wake) await lanes.runNow(result.wake);
}

function expiryEvent(record: ActivityRecord, now: number): ResultEvent {
  return resultEvent(record, record.rid, {
    status: record.committed ? "unknown" : "expired",
    decided: record.outcomes,
    attempts: record.attempts,
    now,
    error: record.committed ? OUTCOME_UNKNOWN : EXPIRED,
  });
}
