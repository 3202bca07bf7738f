import { afterAll, beforeAll, expect, it } from "vitest";
import { readConfig } from "../../../src/config/settings.ts";
import { openStore } from "../../../src/main/storage.ts";
import { startWorker } from "../../../src/main/worker.ts";
import { silentLog } from "../../../src/model/log.ts";
import { platforms } from "../../../src/platforms/index.ts";
import { metrics } from "../../../src/process/metrics.ts";
import { keys } from "../../../src/redis/keys.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
afterAll(() => redis.stop());

async function worker(...ids: readonly string[]) {
  const config = readConfig({ REDIS_URL: redis.url, DATA_DIR: redis.dir, SANDBOX: "off" });
  const store = await openStore(config, true, silentLog);
  const choose = () => platforms({}).filter(({ id }) => ids.includes(id));
  const running = await startWorker({ config, choose, store, metrics: metrics("worker"), log: silentLog });
  return async () => {
    await running.stop(0);
    await store.close();
  };
}

it("a worker takes shards only with a platform that has account connections", async () => {
  const stopDummy = await worker("dummy");
  const stopIrc = await worker("irc");
  const client = redis.connect();
  while ((await client.hlen(keys.shardLeases)) === 0) await client.ping();
  expect(await client.zcard(keys.shardOwners)).toBe(1);
  const owners = Object.values(await client.hgetall(keys.shardLeases)).map((lease) => lease.split(" ")[0]);
  expect(new Set(owners).size).toBe(1);
  expect(owners).toHaveLength(16);
  await stopDummy();
  await stopIrc();
  expect(await client.exists(keys.shardLeases, keys.shardOwners)).toBe(0);
});
