import type { EventLog } from "../src/event-log/event-log.ts";
import type { Log } from "../src/model/log.ts";
import type { History } from "../src/outbox/history.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import { keys } from "../src/redis/keys.ts";

export interface TrimDeps {
  readonly redis: RedisClient;
  readonly eventLog: Pick<EventLog, "trim">;
  readonly history: Pick<History, "trim">;
  readonly hours: number;
  readonly log: Log;
}

const INTERVAL_MS = 10 * 60_000;

/** Drops events older than they are kept for, and history without records, app by app. Each write keeps the bounds on numbers. */
export function trimming({ redis, eventLog, history, hours, log }: TrimDeps): {
  readonly once: () => Promise<void>;
  readonly stop: () => void;
} {
  async function once(): Promise<void> {
    for (const app of await redis.smembers(keys.apps)) {
      await eventLog.trim(app, hours);
      await history.trim(app);
    }
  }
  const timer = setInterval(() => {
    once().catch((err: unknown) =>
      log.warn({ err }, "trimming event logs and histories failed; retrying in ten minutes"),
    );
  }, INTERVAL_MS);
  timer.unref();
  return { once, stop: () => clearInterval(timer) };
}
