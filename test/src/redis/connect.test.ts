import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../../src/model/log.ts";
import { type RedisConnections, redisConnections } from "../../../src/redis/connect.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { redisCluster } from "../../support/redis-cluster.ts";
import { redisProcess, until } from "../../support/redis-process.ts";

let redis: TestRedis;
const closers: Array<() => Promise<unknown>> = [];

beforeAll(async () => {
  redis = await testRedis();
});
afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
  await redis.stop();
});

function connections(url: string, lines: object[] = []): RedisConnections {
  const log = { ...silentLog, warn: (fields: object) => lines.push(fields) };
  const opened = redisConnections(url, { log });
  closers.push(opened.close);
  return opened;
}

test("producer connection fails at once while Redis is away, worker connection waits", async () => {
  const opened = connections(redis.url);
  const producer = opened.producer();
  const worker = opened.worker();
  await opened.ready(5_000);
  expect(await producer.set("a", "1")).toBe("OK");

  await redis.kill();
  await until(() => producer.status !== "ready");
  await expect(producer.get("a")).rejects.toThrow();
  const patient = worker.get("a");
  await redis.start();
  expect(await patient).toBe("1");
  await until(() => producer.status === "ready");
  expect(await producer.get("a")).toBe("1");
});

test("producer connection rejects, and does not resend, a pending command when Redis dies", async () => {
  const opened = connections(redis.url);
  const producer = opened.producer();
  await opened.ready(5_000);
  const waiting = producer.blpop("nothing", 0).then(
    () => "answered",
    () => "refused",
  );
  const other = redis.connect();
  await until(async () => (await other.info("clients")).includes("blocked_clients:1"));
  await redis.kill();
  expect(await waiting).toBe("refused");
  await redis.start();
});

test("fail-fast connection gives up a hanging Redis after its time-out", async () => {
  const opened = connections(redis.url);
  const barrier = opened.barrier(200);
  await opened.ready(5_000);
  process.kill(redis.pid(), "SIGSTOP");
  try {
    await expect(barrier.incr("x")).rejects.toThrow(/timed out/i);
  } finally {
    process.kill(redis.pid(), "SIGCONT");
  }
});

test("ready > rejects when there is no Redis", async () => {
  const lines: object[] = [];
  const opened = connections("unix:/nonexistent/redis.sock", lines);
  opened.producer();
  await expect(opened.ready(500)).rejects.toThrow(/not ready/);
  // Several attempts were made; the log reports them once a second.
  expect(lines).toHaveLength(1);
});

test("connection logs in with the URL's user and password", async () => {
  const guarded = await testRedis();
  closers.push(guarded.stop);
  await guarded.connect().config("SET", "requirepass", "s3cret:word");
  const opened = connections(`unix://:s3cret%3Aword@${guarded.socket}`);
  const client = opened.producer();
  await opened.ready(5_000);
  expect(await client.ping()).toBe("PONG");
});

test("connection checks TLS certificates", async () => {
  const server = await redisProcess();
  closers.push(server.stop);
  const lines: object[] = [];
  const opened = connections(`rediss://127.0.0.1:${server.port}`, lines);
  opened.producer();
  await expect(opened.ready(300)).rejects.toThrow(/not ready/);
});

test("Sentinel connection finds the master, and the new master after a failover", async () => {
  const master = await redisProcess();
  const replica = await redisProcess(["--replicaof", "127.0.0.1", String(master.port)]);
  const sentinel = await redisProcess(
    [],
    [
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
      "sentinel down-after-milliseconds main 1000",
      "sentinel failover-timeout main 1000",
      "",
    ].join("\n"),
  );
  closers.push(master.stop, replica.stop, sentinel.stop);
  await until(async () => (await replica.client().info("replication")).includes("master_link_status:up"));
  await until(async () => ((await sentinel.client().call("SENTINEL", "REPLICAS", "main")) as unknown[]).length === 1);

  const opened = connections(`redis+sentinel://127.0.0.1:${sentinel.port}/main`);
  const producer = opened.producer();
  const worker = opened.worker();
  await opened.ready(5_000);
  await producer.set("a", "before");
  await until(async () => (await replica.client().get("a")) === "before");
  master.signal("SIGKILL");
  await master.ended;
  // A sentinel that was starved of CPU trusts its own judgement only after half a minute.
  await until(async () => (await producer.set("a", "after")) === "OK", 60_000);
  expect(await worker.get("a")).toBe("after");
  expect(await replica.client().get("a")).toBe("after");
});

test("Cluster connection sends commands to their key's node, and fails fast when that is down", async () => {
  const { nodes, url, stop } = await redisCluster();
  closers.push(stop);
  const redisConnections = connections(url);
  const producer = redisConnections.producer();
  const worker = redisConnections.worker();
  await redisConnections.ready(5_000);
  for (let i = 0; i < 16; i++) expect(await producer.set(`{dgm${i}}:a`, String(i))).toBe("OK");
  expect(await worker.get("{dgm7}:a")).toBe("7");
  for (const node of nodes) node.signal("SIGKILL");
  await Promise.all(nodes.map((node) => node.ended));
  await expect(producer.get("{dgm7}:a")).rejects.toThrow();
});
