import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../../src/model/log.ts";
import { isNewEnough, pressureOf, serverFacts, versionIn } from "../../../src/redis/server-facts.ts";
import { watchServer } from "../../../src/redis/server-watch.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { until } from "../../support/redis-process.ts";

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
afterAll(() => redis.stop());

test("serverFacts > reports the shipped settings as durable", async () => {
  const facts = await serverFacts(redis.connect());
  expect(facts).toMatchObject({ fsync: "always", eviction: "noeviction", durable: true, replicas: 0, warnings: [] });
  expect(facts.memoryLimit).toBeGreaterThan(facts.memoryUsed);
});

test("serverFacts > warns of weak settings", async () => {
  const client = redis.connect();
  await client.config("SET", "appendfsync", "everysec", "maxmemory-policy", "allkeys-lru");
  const facts = await serverFacts(client);
  expect(facts.durable).toBe(false);
  expect(facts.warnings.join()).toMatch(/appendfsync always.*noeviction/s);
  await client.config("SET", "appendonly", "no");
  expect((await serverFacts(client)).fsync).toBe("off");
  await client.config("SET", "appendonly", "yes", "appendfsync", "always", "maxmemory-policy", "noeviction");
});

test("serverFacts > reports a server that forbids CONFIG as not durable", async () => {
  const admin = redis.connect();
  await admin.acl("SETUSER", "app", "on", ">pass-word", "~*", "+@all", "-config");
  const client = redis.connect({ username: "app", password: "pass-word" });
  expect(await serverFacts(client)).toMatchObject({ fsync: "unknown", durable: false });
});

test("watchServer > reports memory pressure and its end", async () => {
  const client = redis.connect();
  const lines: string[] = [];
  const log = {
    ...silentLog,
    error: (_: object, line: string) => lines.push(line),
    info: (_: object, line: string) => lines.push(line),
  };
  const watch = watchServer({ client, log, requiredReplicas: "auto", replicated: false, everyMs: 20 });
  const used = (await watch.check()).memoryUsed;
  expect(watch.pressure()).toBe("ok");
  await client.config("SET", "maxmemory", String(Math.floor(used / 0.75)));
  await until(() => watch.pressure() === "soft");
  await client.config("SET", "maxmemory", String(Math.floor(used / 0.9)));
  await until(() => watch.pressure() === "hard");
  await client.config("SET", "maxmemory", "0");
  await until(() => watch.pressure() === "ok");
  watch.close();
  expect(lines).toContain("redis memory pressure is over");
});

test("watchServer > reports when Redis goes away and comes back", async () => {
  const watch = watchServer({
    client: redis.connect({ maxRetriesPerRequest: 0, enableOfflineQueue: false }),
    log: silentLog,
    requiredReplicas: "auto",
    replicated: false,
    everyMs: 20,
  });
  await until(() => watch.up());
  await redis.kill();
  await until(() => !watch.up());
  await redis.start();
  await until(() => watch.up());
  watch.close();
});

test("versionIn > reads versions of programs and servers", () => {
  expect(versionIn("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc")).toBe("7.0.15");
  expect(versionIn("Valkey server v=8.1.1 sha=00000000:0")).toBe("8.1.1");
  expect(versionIn("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n")).toBe("8.1.1");
  expect(versionIn("bash: no such program")).toBeUndefined();
  expect([isNewEnough("6.2.9"), isNewEnough("7.0.0"), isNewEnough("10.0.1")]).toEqual([false, true, true]);
});

test("pressureOf > changes at 70 % and 85 %", () => {
  const at = (used: number) => pressureOf({ memoryUsed: used, memoryLimit: 100 });
  expect([at(69), at(70), at(84), at(85)]).toEqual(["ok", "soft", "soft", "hard"]);
  expect(pressureOf({ memoryUsed: 5, memoryLimit: 0 })).toBe("ok");
});
