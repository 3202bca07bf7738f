import { Cluster } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { redisEventLog } from "../../../src/event-log/redis-event-log.ts";
import { silentLog } from "../../../src/model/log.ts";
import { keys } from "../../../src/redis/keys.ts";
import { eventTail } from "../../../src/streaming/tail.ts";
import { freePort } from "../../support/free-port.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { followLive, result } from "./tail-fixture.ts";

let redis: TestRedis;
let port: number;
const clusters: Cluster[] = [];
const connect = () => {
  const cluster = new Cluster([{ host: "127.0.0.1", port }]);
  cluster.on("error", () => undefined);
  clusters.push(cluster);
  return cluster;
};
beforeAll(async () => {
  port = await freePort();
  const bus = await freePort();
  const cluster = { "cluster-enabled": "yes", "cluster-port": bus, "cluster-announce-ip": "127.0.0.1" };
  const settings = Object.entries({ port, bind: "127.0.0.1", ...cluster });
  redis = await testRedis(settings.flatMap(([name, value]) => [`--${name}`, String(value)]));
  const node = redis.connect();
  await node.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
  while (!((await node.call("CLUSTER", "INFO")) as string).includes("cluster_state:ok")) {
    await new Promise((resolve) => setImmediate(resolve));
  }
});
afterAll(async () => {
  for (const cluster of clusters) cluster.disconnect();
  await redis.stop();
});

test("the tail on a Redis Cluster follows apps of all hash tags without crossing slots", async () => {
  const control = connect();
  const log = redisEventLog({ redis: control, eventsKept: 1_000 });
  const tail = eventTail({ connect, control, log, logger: silentLog, kept: 1_000 });
  const apps = Array.from({ length: 24 }, (_, i) => `app${i}`);
  expect(new Set(apps.map(keys.tagOf)).size).toBeGreaterThan(8);
  const followers = await Promise.all(apps.map((app) => followLive(tail, { app })));
  await Promise.all(apps.map((app) => log.append(app, result(app))));
  await Promise.all(followers.map((seen) => seen.count(1)));
  expect(followers.map(({ rids }) => rids)).toEqual(apps.map((app) => [app]));
  // One blocking reader per tag in use, and one connection for all other commands.
  expect(clusters.length - 1).toBe(new Set(apps.map(keys.tagOf)).size);
  await tail.close();
});
