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

test("what we ship is durable", async () => {
  const facts = await serverFacts(redis.connect());
  expect(facts).toMatchObject({ fsync: "always", eviction: "noeviction", durable: true, replicas: 0, warnings: [] });
  expect(facts.memoryLimit).toBeGreaterThan(facts.memoryUsed);
});

test("weak settings are told in words", async () => {
  const client = redis.connect();
  await client.config("SET", "appendfsync", "everysec", "maxmemory-policy", "allkeys-lru");
  const facts = await serverFacts(client);
  expect(facts.durable).toBe(false);
  expect(facts.warnings.join()).toMatch(/appendfsync always.*noeviction/s);
  await client.config("SET", "appendonly", "no");
  expect((await serverFacts(client)).fsync).toBe("off");
  await client.config("SET", "appendonly", "yes", "appendfsync", "always", "maxmemory-policy", "noeviction");
});

test("a server that forbids CONFIG is believed to be weak", async () => {
  const admin = redis.connect();
  await admin.acl("SETUSER", "app", "on", ">pass-word", "~*", "+@all", "-config");
  const client = redis.connect({ username: "app", password: "pass-word" });
  expect(await serverFacts(client)).toMatchObject({ fsync: "unknown", durable: false });
});

test("pressure follows memory, and eases", async () => {
  const client = redis.connect();
  const lines: string[] = [];
  const log = {
    ...silentLog,
    error: (_: object, line: string) => lines.push(line),
    info: (_: object, line: string) => lines.push(line),
  };
  const watch = watchServer({ client, log, wanted: "auto", replicated: false, everyMs: 20 });
  const used = (await watch.look()).memoryUsed;
  expect(watch.pressure()).toBe("ok");
  await client.config("SET", "maxmemory", String(Math.floor(used / 0.75)));
  await until(() => watch.pressure() === "soft");
  await client.config("SET", "maxmemory", String(Math.floor(used / 0.9)));
  await until(() => watch.pressure() === "hard");
  await client.config("SET", "maxmemory", "0");
  await until(() => watch.pressure() === "ok");
  watch.close();
  expect(lines).toContain("Redis has room again");
});

test("the watch tells when Redis goes and comes", async () => {
  const watch = watchServer({
    client: redis.connect({ maxRetriesPerRequest: 0, enableOfflineQueue: false }),
    log: silentLog,
    wanted: "auto",
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

test("versions are read as programs and servers tell them", () => {
  expect(versionIn("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc")).toBe("7.0.15");
  expect(versionIn("Valkey server v=8.1.1 sha=00000000:0")).toBe("8.1.1");
  expect(versionIn("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n")).toBe("8.1.1");
  expect(versionIn("bash: no such program")).toBeUndefined();
  expect([isNewEnough("6.2.9"), isNewEnough("7.0.0"), isNewEnough("10.0.1")]).toEqual([false, true, true]);
});

test("the bounds of pressure", () => {
  const at = (used: number) => pressureOf({ memoryUsed: used, memoryLimit: 100 });
  expect([at(69), at(70), at(84), at(85)]).toEqual(["ok", "soft", "soft", "hard"]);
  expect(pressureOf({ memoryUsed: 5, memoryLimit: 0 })).toBe("ok");
});
