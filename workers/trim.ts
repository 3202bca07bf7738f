import type { EventLog } from "../src/event-log/event-log.ts";
import type { Log } from "../src/model/log.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import { keys } from "../src/redis/keys.ts";

export interface TrimDeps {
  readonly redis: RedisClient;
  readonly eventLog: Pick<EventLog, "trim">;
  readonly hours: number;
  readonly log: Log;
}

const EVERY_MS = 10 * 60_000;

/** Drops events older than they are kept for, app by app; the bound on their number is kept at each append. */
export function trimming({ redis, eventLog, hours, log }: TrimDeps): {
  readonly once: () => Promise<void>;
  readonly stop: () => void;
} {
  async function once(): Promise<void> {
    for (const app of await redis.smembers(keys.apps)) await eventLog.trim(app, hours);
  }
  const timer = setInterval(() => {
    once().catch((error: unknown) =>
      log.warn({ error }, "Old events could not be dropped; it is tried again in ten minutes"),
    );
  }, EVERY_MS);
  timer.unref();
  return { once, stop: () => clearInterval(timer) };
}
