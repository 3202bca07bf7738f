import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { accountOwnership } from "../../src/accounts/account-ownership.ts";
import { leaseStore } from "../../src/connections/lease-store.ts";
import { silentLog } from "../../src/model/log.ts";
import { SHARDS } from "../../src/model/shard.ts";
import { redisTopics } from "../../src/polling/redis-topics.ts";
import { pollWorker } from "../../workers/poll.ts";
import { activityOf, gatewayCore, noEgress } from "../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";
import { webhookHarness } from "../support/webhook-harness.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
beforeEach(async () => {
  await server.connect().flushall();
});
afterAll(() => server.stop());

/** Counts commands, those of scripts included, that the work makes Redis carry out. */
async function commandsOf(work: () => Promise<unknown>): Promise<number> {
  const redis = server.connect();
  await redis.config("RESETSTAT");
  await work();
  const stats = await redis.info("commandstats");
  redis.disconnect();
  const counts = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].filter(([, name]) => !name?.startsWith("config"));
  return counts.reduce((sum, [, , count]) => sum + Number(count), 0);
}

/** One EXISTS over all tags; connections that the work opens greet Redis before. */
const ONE_ROUND = 3;

describe("an idle gateway", () => {
  it("sweeps with one command, and goes through the tags once an activity is accepted", async () => {
    const core = gatewayCore(server, []);
    await core.sweeper.stop();
    expect(await commandsOf(core.sweeper.once)).toBeLessThanOrEqual(ONE_ROUND);
    await core.accept("app1", activityOf());
    expect(await commandsOf(core.sweeper.once)).toBeGreaterThan(16);
    await core.close();
  });

  it("looks for webhooks with one command", async () => {
    const harness = await webhookHarness(server);
    await harness.client.ping();
    let rounds = 0;
    const store = harness.store();
    const spent = await commandsOf(async () => {
      const seen = new Promise<void>((resolve) => {
        const hasEnabled = async () => {
          const answer = await store.hasEnabled();
          if (++rounds === 10) resolve();
          return answer;
        };
        harness.startWorker({ store: { ...store, hasEnabled }, claimIntervalMs: 1 });
      });
      await seen;
    });
    await harness.close();
    expect(spent / rounds).toBeLessThanOrEqual(ONE_ROUND);
  });

  it("looks for topics to poll with one command", async () => {
    const topics = redisTopics({ redis: server.connect() });
    await topics.hasTopics();
    let worker: ReturnType<typeof pollWorker> | undefined;
    const spent = await commandsOf(async () => {
      worker = pollWorker({
        topics,
        record: async () => undefined,
        egress: noEgress,
        find: () => undefined,
        log: silentLog,
      } as never);
      // Awaits the first round, which has begun.
      await worker.stop();
    });
    expect(spent).toBeLessThanOrEqual(ONE_ROUND);
  });

  it("keeps all its shards with a few commands, and looks for a shard's accounts with one", async () => {
    const redis = server.connect();
    const leases = leaseStore(redis, "only", 60_000);
    expect((await leases.renew(true)).owned.size).toBe(SHARDS);
    expect(await commandsOf(() => leases.renew(true))).toBeLessThanOrEqual(10);
    const ownership = accountOwnership({ redis, keyring: {} as never, eventsKept: 100 });
    expect(await commandsOf(() => ownership.desiredOnline(3))).toBeLessThanOrEqual(ONE_ROUND);
  });
});
