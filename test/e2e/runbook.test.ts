import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandLine } from "../support/command-line.ts";
import { createApp, firstKey, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";

let dataDir: string;
let redis: TestRedis;
let gateway: GatewayProcess;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "dgm-runbook-"));
  redis = await testRedis();
  gateway = await gatewayProcess({ role: "all", dataDir, env: { REDIS_URL: redis.url } });
});
afterEach(async () => {
  await gateway.stop();
  await redis.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const echo = (rid: string) => ({
  rid,
  platform: "dummy",
  verb: "echo",
  actor: { address: "bob" },
  target: { address: "foo" },
  object: { body: "Hi" },
});

async function call(key: string, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${gateway.base}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${key}`,
      "Content-Type": "application/json",
      Accept: "application/json",
      Prefer: "wait=20",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** Posts without waiting for the result. */
async function accepted(key: string, activity: object): Promise<void> {
  const answer = await fetch(`${gateway.base}/activities`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify(activity),
  });
  expect(answer.status).toBe(202);
}

/** Faults of the runbook in docs/operate.md that no other test goes through. */
describe("the runbook", () => {
  it("full Redis: new work is refused with a code, nothing accepted is lost, and more memory helps at once", async () => {
    const key = await firstKey(dataDir);
    const client = redis.connect();
    expect((await call(key, "POST", "/activities", echo("before"))).body).toMatchObject({ status: "sent" });
    const used = Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);
    await client.config("SET", "maxmemory", String(Math.round(used * 1.05)));
    const codes = new Set<unknown>();
    await expect
      .poll(
        async () => {
          const { status, body } = await call(key, "POST", "/activities", echo(`full${codes.size}-${Date.now()}`));
          if (status >= 400) codes.add(`${status} ${String(body.code)}`);
          return status;
        },
        { timeout: 30_000, interval: 200 },
      )
      .toBe(503);
    expect([...codes].every((code) => /^(429|503) [a-z-]+$/.test(String(code)))).toBe(true);
    expect((await call(key, "GET", "/activities/before")).body).toMatchObject({ status: "sent" });
    await client.config("SET", "maxmemory", "0");
    const again = async () => (await call(key, "POST", "/activities", echo("after"))).body.status;
    await expect.poll(again, { timeout: 30_000, interval: 200 }).toBe("sent");
  }, 120_000);

  it("lost data: the old key is refused, a new app works, and old cursors are told a gap", async () => {
    const oldKey = await firstKey(dataDir);
    expect((await call(oldKey, "POST", "/activities", echo("before"))).body).toMatchObject({ status: "sent" });
    const { cursor } = (await call(oldKey, "GET", "/events?after=earliest")).body;
    await gateway.stop();
    await redis.kill();
    for (const name of await readdir(redis.dir)) await rm(join(redis.dir, name), { recursive: true });
    await redis.start();
    await gateway.start();
    expect((await call(oldKey, "GET", "/accounts")).status).toBe(401);
    const key = createApp("shop", dataDir, redis.url);
    expect((await call(key, "GET", "/activities/before")).status).toBe(404);
    expect((await call(key, "POST", "/activities", echo("before"))).body).toMatchObject({ status: "sent" });
    const { body } = await call(key, "GET", `/events?after=${String(cursor)}`);
    expect(body).toMatchObject({ gap: { requested: cursor } });
  }, 120_000);

  it("202, but nothing is sent: without a worker the activity stays queued, and a worker sends it", async () => {
    const key = await firstKey(dataDir);
    await gateway.stop();
    const env = { REDIS_URL: redis.url };
    gateway = await gatewayProcess({ role: "api", dataDir, env });
    await accepted(key, echo("early"));
    expect((await call(key, "GET", "/activities/early")).body).toMatchObject({ status: "queued" });
    const worker = await gatewayProcess({ role: "worker", dataDir, env });
    try {
      const status = async () => (await call(key, "GET", "/activities/early")).body.status;
      await expect.poll(status, { timeout: 30_000, interval: 200 }).toBe("sent");
    } finally {
      await worker.stop();
    }
  }, 120_000);

  it("a conversation does not continue: the command line names its head and the reason, and cancels it", async () => {
    const key = await firstKey(dataDir);
    const dragoman = commandLine({ DATA_DIR: dataDir, REDIS_URL: redis.url });
    const app = "runbook";
    const own = createApp(app, dataDir, redis.url);
    const failing = { body: "Hi", kind: "retryable", retryAfterMs: 600_000 };
    await accepted(own, { ...echo("head"), verb: "fail", object: failing });
    await accepted(own, echo("behind"));
    const shown = async () => (await dragoman(["activities", "show", "behind", "--app", app, "--json"])).out;
    await expect.poll(shown, { timeout: 30_000, interval: 200 }).toMatch(/"waitsFor":\s*\{\s*"rid":\s*"head"/);
    expect((await dragoman(["activities", "cancel", "head", "--app", app])).code).toBe(0);
    const status = async () => (await call(own, "GET", "/activities/behind")).body.status;
    await expect.poll(status, { timeout: 30_000, interval: 200 }).toBe("sent");
    expect((await call(key, "GET", "/activities/behind")).status).toBe(404);
  }, 120_000);

  it("a key leaked: the app gets another one, and the old one is refused once it is revoked", async () => {
    const dragoman = commandLine({ DATA_DIR: dataDir, REDIS_URL: redis.url });
    const leaked = createApp("leaky", dataDir, redis.url);
    const fresh = (await dragoman(["app", "rotate", "leaky"])).out.trim();
    for (const key of [leaked, fresh]) expect((await call(key, "GET", "/accounts")).status).toBe(200);
    const [, leakedId = ""] = leaked.split("_");
    expect((await dragoman(["app", "revoke", leakedId])).out.trim()).toBe(leakedId);
    const status = async () => (await call(leaked, "GET", "/accounts")).status;
    await expect.poll(status, { interval: 200 }).toBe(401);
    expect((await call(fresh, "GET", "/accounts")).status).toBe(200);
  }, 120_000);

  it("an app is no longer needed: after its deletion its key is refused, and other apps work on", async () => {
    const key = await firstKey(dataDir);
    const dragoman = commandLine({ DATA_DIR: dataDir, REDIS_URL: redis.url });
    const own = createApp("old-site", dataDir, redis.url);
    expect((await call(own, "POST", "/activities", echo("before"))).body).toMatchObject({ status: "sent" });
    expect(await dragoman(["app", "delete", "old-site", "--yes"])).toMatchObject({ code: 0 });
    expect((await call(own, "GET", "/activities/before")).status).toBe(401);
    expect((await dragoman(["app", "list"])).out).not.toContain("old-site");
    expect((await call(key, "POST", "/activities", echo("after"))).body).toMatchObject({ status: "sent" });
  }, 120_000);
});
