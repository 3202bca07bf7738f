import { createHash, randomBytes } from "node:crypto";
import { ulid } from "ulid";
import { ClientCache } from "../../src/delivery/client-cache.ts";
import { CrashIsolation } from "../../src/delivery/crash-isolation.ts";
import { deliverer } from "../../src/delivery/deliver.ts";
import { suppressedTargets } from "../../src/delivery/suppressed-targets.ts";
import type { Activity } from "../../src/model/activity.ts";
import type { FinalStatus, ResultEvent, StatusEvent } from "../../src/model/event.ts";
import { resultEvent, statusEvent } from "../../src/model/event-builders.ts";
import { laneOf } from "../../src/model/lane.ts";
import { silentLog } from "../../src/model/log.ts";
import { laneQueues } from "../../src/outbox/lane-queues.ts";
import type { LaneItem, NewActivity } from "../../src/outbox/outbox.ts";
import { readySignal } from "../../src/outbox/ready-signal.ts";
import { redisOutbox } from "../../src/outbox/redis-outbox.ts";
import type { Egress, Platform } from "../../src/platform/platform.ts";
import { keys } from "../../src/redis/keys.ts";
import { redisSuppressions } from "../../src/suppressions/redis-suppressions.ts";
import { sendWorker } from "../../workers/send.ts";
import { sweep } from "../../workers/sweep.ts";
import type { TestRedis } from "./redis.ts";

export const noEgress: Egress = {
  fetch: () => Promise.reject(new Error("no network in this test")),
  connect: () => Promise.reject(new Error("no network in this test")),
};

/** Core without HTTP, with the given platforms: outbox, lanes, worker, sweep and a real Redis. */
export function gatewayCore(server: TestRedis, platforms: readonly Platform[], quota = 10_000) {
  const redis = server.connect();
  const outbox = redisOutbox({ redis, quota, eventsKept: 10_000, maxHistory: 100_000, retentionSeconds: 3_600 });
  const lanes = laneQueues({ redis, log: silentLog });
  const ready = readySignal({ redis: server.connect(), log: silentLog });
  const pool = new ClientCache({
    accounts: { versionOf: async () => undefined, credentialsOf: async () => undefined, update: async () => undefined },
    egress: noEgress,
    log: silentLog,
  });
  const isolation = new CrashIsolation({ outbox, log: silentLog });
  const suppressions = redisSuppressions({ redis });
  const markSuppressed = suppressedTargets(suppressions);
  const deliver = deliverer({
    outbox,
    isolation,
    clients: pool,
    egress: noEgress,
    log: silentLog,
    random: () => 0,
    markSuppressed,
  });
  const workers: Array<{ close: (ms: number) => Promise<void> }> = [];
  const sweeper = sweep({ outbox, lanes, log: silentLog, everyMs: 50, idleMs: 50 });

  return {
    redis,
    outbox,
    lanes,
    suppressions,
    sweeper,
    startWorkers: (concurrency = 20) => {
      for (const platform of platforms) {
        const find = (id: string) => platforms.find((platform) => platform.id === id);
        const queue = platform.id;
        workers.push(sendWorker({ redis, outbox, lanes, ready, deliver, queue, find, concurrency, log: silentLog }));
      }
    },
    /** Accepts and wakes, as the API does. */
    accept: async (app: string, activity: Activity, more: Partial<NewActivity> = {}) => {
      const answer = await outbox.accept(entryOf(app, activity, more));
      if ("wake" in answer && answer.wake) await lanes.wake(answer.wake);
      return answer;
    },
    /** All events of an app so far, oldest first. */
    events: async (app: string) => {
      const entries = await redis.xrange(keys.log(app), "-", "+");
      return entries.flatMap(([, fields]) =>
        fields[0] === "e" ? [JSON.parse(fields[1] as string) as Record<string, unknown>] : [],
      );
    },
    /** Resolves with the results of an app once there are `count`. */
    results: async (app: string, count: number) => {
      const reader = server.connect();
      const found: Array<Record<string, unknown>> = [];
      let last = "0-0";
      while (found.length < count) {
        const answer = await reader.xread("BLOCK", 20_000, "STREAMS", keys.log(app), last);
        if (!answer) throw new Error(`only ${found.length} of ${count} results came`);
        for (const [id, fields] of answer[0]?.[1] ?? []) {
          last = id;
          const event = fields[0] === "e" ? (JSON.parse(fields[1] as string) as Record<string, unknown>) : {};
          if (event.type === "result") found.push(event);
        }
      }
      reader.disconnect();
      return found;
    },
    close: async () => {
      await sweeper.stop();
      await Promise.all(workers.map((worker) => worker.close(1_000)));
      await pool.close();
      await lanes.close();
    },
  };
}

/** An activity for tests; everything may be overridden. */
export function activityOf(more: Partial<Activity> = {}): Activity {
  return {
    id: ulid(),
    rid: randomBytes(9).toString("hex"),
    platform: "test",
    verb: "echo",
    actor: { address: "bob" },
    target: [{ address: "foo" }],
    object: { body: "Hi" },
    ...more,
  };
}

export function entryOf(app: string, activity: Activity, more: Partial<NewActivity> = {}): NewActivity {
  return {
    app,
    activity,
    lane: laneOf(app, activity),
    ridAsSent: activity.rid,
    fingerprint: createHash("sha256").update(JSON.stringify(activity.object)).digest("hex"),
    lifetimeMs: 60_000,
    blobs: new Map(),
    ...more,
  };
}

/** Makes the event of a commit. */
export function sendingOf({ activity, ridAsSent, outcomes }: LaneItem): StatusEvent {
  return statusEvent(activity, ridAsSent, { status: "sending", outcomes, now: Date.now() });
}

/** Makes the event that ends an activity. */
export function endOf(activity: Activity, status: FinalStatus): ResultEvent {
  return resultEvent(activity, activity.rid, { status, outcomes: [], attempts: 1, now: Date.now() });
}
