import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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
});
