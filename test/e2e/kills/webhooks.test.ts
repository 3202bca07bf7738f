import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createApp, type GatewayProcess, gatewayProcess } from "../../support/gateway-process.ts";
import { testRedis } from "../../support/redis.ts";
import { webhookReceiver } from "../../support/webhook-receiver.ts";

const ends: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const CONVERSATIONS = 10;
const EACH = 40;

test("workers killed during webhook deliveries lose no event and keep conversations in order", async () => {
  const redis = await testRedis();
  ends.push(redis.stop);
  const dataDir = await mkdtemp(join(tmpdir(), "dgm-hooks-"));
  ends.push(() => rm(dataDir, { recursive: true, force: true }));
  const receiver = await webhookReceiver();
  ends.push(receiver.stop);
  const env = { REDIS_URL: redis.url, ALLOW_PRIVATE: "127.0.0.0/8" };
  const api = await gatewayProcess({ role: "api", dataDir, env });
  ends.push(api.stop);
  const workers: GatewayProcess[] = [];
  for (let i = 0; i < 2; i++) {
    const worker = await gatewayProcess({ role: "worker", dataDir, env });
    workers.push(worker);
    ends.push(worker.stop);
  }
  const key = createApp("pushed", dataDir, redis.url);
  const call = async (method: string, path: string, body: object) => {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    const answer = await fetch(`${api.base}${path}`, { method, headers, body: JSON.stringify(body) });
    expect(answer.status, await answer.text()).toBeLessThan(300);
  };
  await call("PUT", "/hooks/all", { url: receiver.url, types: ["result"] });

  const rids = Array.from({ length: CONVERSATIONS * EACH }, (_, i) => `c${i % CONVERSATIONS}.${i}`);
  const post = async (some: readonly string[]) =>
    call(
      "POST",
      "/activities",
      some.map((rid) => ({ ...ECHO, rid, target: { address: rid.split(".")[0] } })),
    );
  // The owner of the webhook lease is killed twice during a delivery; its successor takes over and is killed next.
  for (let at = 0; at < rids.length; at += 100) {
    await post(rids.slice(at, at + 100));
    const some = Math.min(at + 30, rids.length);
    await receiver.until(() => receiver.accepted().length >= some, `${some} results`, 60_000);
    if (at === 0 || at === 200) {
      for (const worker of workers) {
        await worker.kill();
        await worker.start();
      }
    }
  }
  await receiver.until(() => receiver.accepted().length === rids.length, "every result", 60_000);
  for (let c = 0; c < CONVERSATIONS; c++) {
    const conversation = receiver.accepted().filter(({ body }) => String(body.rid).startsWith(`c${c}.`));
    expect(conversation.map(({ body }) => body.rid)).toEqual(rids.filter((rid) => rid.startsWith(`c${c}.`)));
  }
});

const ECHO = { platform: "dummy", verb: "echo", actor: { address: "alice" }, object: { body: "Hi" } };
