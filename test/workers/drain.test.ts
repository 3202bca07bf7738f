import { Queue } from "bullmq";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Deliver } from "../../src/delivery/deliver.ts";
import { silentLog } from "../../src/model/log.ts";
import { laneQueues } from "../../src/outbox/lane-queues.ts";
import { readySignal } from "../../src/outbox/ready-signal.ts";
import { redisOutbox } from "../../src/outbox/redis-outbox.ts";
import { keys } from "../../src/redis/keys.ts";
import { type SendWorkerDeps, sendWorker } from "../../workers/send.ts";
import { activityOf, endOf, entryOf } from "../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";
import { sentTo, testPlatform } from "../support/test-platform.ts";

let server: TestRedis;
const closing: Array<() => Promise<void>> = [];
beforeAll(async () => {
  server = await testRedis();
});
beforeEach(async () => {
  await server.connect().flushall();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => server.stop());

const platform = testPlatform(async (activity) => sentTo(activity));

/** Starts a worker on the test platform's queue whose deliveries a test decides. */
function startWorker(deliver: (complete: Deliver) => Deliver, more: Partial<SendWorkerDeps> = {}) {
  const redis = server.connect();
  const outbox = redisOutbox({ redis, quota: 1_000, eventsKept: 1_000, retentionSeconds: 60 });
  const lanes = laneQueues({ redis, log: silentLog });
  const complete: Deliver = (_platform, item) => outbox.complete(item, endOf(item.activity, "sent"));
  const worker = sendWorker({
    redis,
    outbox,
    lanes,
    ready: readySignal({ redis: server.connect(), log: silentLog }),
    deliver: deliver(complete),
    queue: platform.id,
    find: (id) => (id === platform.id ? platform : undefined),
    concurrency: 4,
    log: silentLog,
    ...more,
  });
  closing.push(async () => {
    await worker.close(0);
    await lanes.close();
  });
  const accept = async (rid: string) => {
    const answer = await outbox.accept(entryOf("app1", activityOf({ rid, target: [{ address: rid }] })));
    if ("wake" in answer && answer.wake) await lanes.wake(answer.wake);
  };
  return { worker, outbox, redis, accept };
}

const rids = Array.from({ length: 12 }, (_, index) => `r${index}`);

describe("Drainer", () => {
  it("carries out other lanes while one fails, and tries that lane again later", async () => {
    let seenAll: () => void = () => undefined;
    const all = new Promise<void>((resolve) => {
      seenAll = resolve;
    });
    const sent = new Set<string>();
    const { accept, redis } = startWorker((complete) => async (one, item, signal) => {
      if (item.activity.rid === "r3") throw new Error("a bug");
      const state = await complete(one, item, signal);
      sent.add(item.activity.rid);
      if (sent.size === rids.length - 1) seenAll();
      return state;
    });
    for (const rid of rids) await accept(rid);
    await all;
    await expect.poll(() => redis.zcard(keys.retries(keys.tagOf("app1"))), { timeout: 20_000 }).toBe(1);
    expect(await redis.hget(keys.record("app1", "r3"), "status")).toBe("queued");
  });

  it("leaves a lane of a platform that it does not have to other workers", async () => {
    const { accept, redis } = startWorker((complete) => complete, { find: () => undefined });
    await accept("r1");
    await expect.poll(() => redis.zcard(keys.retries(keys.tagOf("app1"))), { timeout: 20_000 }).toBe(1);
  });

  it("hands lanes that it did not begin to the next worker when it closes", async () => {
    let begun: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let end: () => void = () => undefined;
    const connectionContext = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { accept, worker, redis, outbox } = startWorker(
      (complete) => async (one, item, signal) => {
        begun();
        await connectionContext;
        return complete(one, item, signal);
      },
      { concurrency: 1 },
    );
    for (const rid of rids) await accept(rid);
    await first;
    const closed = worker.close(60_000);
    end();
    await closed;
    const statuses = await Promise.all(rids.map(async (rid) => (await outbox.find("app1", rid))?.status));
    expect(statuses.filter((status) => status === "queued").length).toBeGreaterThanOrEqual(rids.length - 4);
    const queue = new Queue(platform.id, { connection: redis, prefix: keys.queues });
    closing.push(() => queue.close());
    expect((await queue.getWaiting()).map(({ data }) => data.tag)).toContain(keys.tagOf("app1"));
  });
});
