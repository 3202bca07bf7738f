import { resultEvent } from "../src/model/event-builders.ts";
import type { Log } from "../src/model/log.ts";
import type { LaneQueues } from "../src/outbox/lane-queues.ts";
import type { Outbox } from "../src/outbox/outbox.ts";
import { keys } from "../src/redis/keys.ts";

export interface SweepDeps {
  readonly outbox: Outbox;
  readonly lanes: LaneQueues;
  readonly log: Log;
  readonly everyMs?: number;
  /** Told after each round how many accepted activities have no result yet, for metrics. */
  readonly onOutstanding?: (count: number) => void;
}

/** How long after its lifetime a committed activity may still bring its outcome before it is reported `unknown`. */
const COMMITTED_GRACE_MS = 30_000;

/**
 * Keeps time for everything that waits: due activities join their lanes, forgotten lanes are woken, ended lifetimes
 * become results. Any role may run it, any number of times at once.
 */
export function sweep({ outbox, lanes, log, everyMs = 500, onOutstanding }: SweepDeps): {
  readonly once: () => Promise<void>;
  readonly stop: () => Promise<void>;
} {
  async function expire(app: string, rid: string): Promise<void> {
    const stored = await outbox.find(app, rid);
    if (!stored) {
      await outbox.finalize(app, rid, "", { status: "expired", event: "", committed: false });
      return;
    }
    const now = Date.now();
    if (stored.committed && now < stored.expiresAt + COMMITTED_GRACE_MS) {
      await outbox.extendDeadline(app, rid, COMMITTED_GRACE_MS);
      return;
    }
    const status = stored.committed ? "unknown" : "expired";
    const error = stored.committed
      ? {
          code: "outcome-unknown",
          detail: "Its lifetime ended before anybody could tell what became of it.",
          retryable: false,
        }
      : {
          code: "expired",
          detail: "Its lifetime ended before it could be sent; see options.expiresIn.",
          retryable: false,
        };
    const facts = { status, decided: stored.outcomes, attempts: stored.attempts, now, error } as const;
    const event = JSON.stringify(resultEvent(stored, stored.rid, facts));
    const answer = await outbox.finalize(app, rid, stored.lane, { status, event, committed: stored.committed });
    if (answer.outcome === "ended" && answer.wake) await lanes.runNow(answer.wake);
  }

  async function once(): Promise<void> {
    let count = 0;
    for (const tag of keys.tags) {
      const { wakes, late, outstanding } = await outbox.sweep(tag);
      count += outstanding;
      await Promise.all([...wakes.map((wake) => lanes.runNow(wake)), ...late.map(({ app, rid }) => expire(app, rid))]);
    }
    onOutstanding?.(count);
  }

  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  function next(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = once()
        .catch((error: unknown) => log.warn({ error: String(error) }, "a sweep failed; the next one tries again"))
        .then(next);
    }, everyMs);
  }
  next();

  return {
    once,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
