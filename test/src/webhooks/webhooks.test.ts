import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appRegistry } from "../../../src/apps/redis-registry.ts";
import { keyring } from "../../../src/crypto/keyring.ts";
import { keys } from "../../../src/redis/keys.ts";
import { rotateKeys } from "../../../src/rotation/rotate-keys.ts";
import { retryDelayMs } from "../../../src/webhooks/backoff.ts";
import { conversationOf } from "../../../src/webhooks/conversation-key.ts";
import { redisDeliveryStore } from "../../../src/webhooks/redis-delivery-store.ts";
import { isWebhookSecret, newWebhookSecret } from "../../../src/webhooks/secret.ts";
import { startCursor } from "../../../src/webhooks/start-cursor.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { webhookHarness } from "../../support/webhook-harness.ts";
import { result } from "../streaming/tail-fixture.ts";

describe("conversationOf", () => {
  const address = fc.stringMatching(/^[a-z]{1,8}$/);
  test("is equal for sent and received messages of a person, in any letter case", () => {
    fc.assert(
      fc.property(address, address, (own, foreign) => {
        const sent = { type: "result", platform: "p", actor: { address: own }, target: [{ address: foreign }] };
        const inbound = {
          type: "activity",
          platform: "p",
          actor: { address: foreign.toUpperCase() },
          target: [{ address: own }],
        };
        expect(conversationOf(inbound)).toBe(conversationOf(sent));
      }),
    );
  });
  test("is equal for all speakers of a room, and differs by account, platform and person", () => {
    const messageFrom = (nick: string) => ({
      type: "activity",
      platform: "irc",
      actor: { address: nick },
      target: [{ address: "bot" }],
      context: { type: "room", id: "#room" },
    });
    const sent = { type: "result", platform: "irc", actor: { address: "bot" }, target: [{ address: "#room" }] };
    expect(new Set([messageFrom("a"), messageFrom("b"), sent].map(conversationOf)).size).toBe(1);
    const { context: _, ...direct } = messageFrom("a");
    const others = [
      direct,
      { ...direct, platform: "xmpp" },
      { ...direct, target: [{ address: "other" }] },
      messageFrom("a"),
    ];
    expect(new Set(others.map(conversationOf)).size).toBe(4);
  });
  test("is defined for any event", () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (event) => conversationOf(event).length >= 0));
  });
});

test("delays grow to an hour, respect Retry-After, and never exceed a day", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(),
      (n, random, retryAfter) => {
        const wait = retryDelayMs(n, random, retryAfter);
        expect(wait).toBeGreaterThanOrEqual(Math.min(retryAfter, 86_400_000));
        expect(wait).toBeLessThanOrEqual(Math.max(3_600_000 * 1.25, Math.min(retryAfter, 86_400_000)));
        expect(retryDelayMs(n + 1, random)).toBeGreaterThanOrEqual(retryDelayMs(n, random));
      },
    ),
  );
});

test("secrets follow the Standard Webhooks rules", () => {
  expect(isWebhookSecret(newWebhookSecret())).toBe(true);
  const secret = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`;
  expect([23, 24, 64, 65].map((bytes) => isWebhookSecret(secret(bytes)))).toEqual([false, true, true, false]);
  fc.assert(fc.property(fc.string(), (text) => !isWebhookSecret(text)));
});

test("a hook starts at the end, at the beginning or at a kept cursor", () => {
  const bounds = { epoch: "e", first: "5-0", last: "9-0", isTrimmed: true };
  expect(startCursor("latest", bounds)).toBe("e.9-0");
  expect(startCursor("earliest", bounds)).toBe("earliest");
  expect(startCursor("earliest", { ...bounds, isTrimmed: false })).toBe("e.5-0");
  expect(startCursor("e.7-0", bounds)).toBe("e.7-0");
  for (const wrong of ["e.4-0", "e.10-0", "f.7-0", "", "nonsense"]) expect(startCursor(wrong, bounds)).toBeUndefined();
});

describe("the webhook store in Redis", () => {
  let redis: TestRedis;
  let harness: Awaited<ReturnType<typeof webhookHarness>>;
  beforeAll(async () => {
    redis = await testRedis();
    harness = await webhookHarness(redis);
  });
  afterAll(async () => {
    await harness.close();
    await redis.stop();
  });

  test("opens secrets after a key rotation, and only in their place", async () => {
    const ring = await keyring({ path: join(redis.dir, "master.key"), opens: true });
    const registry = appRegistry({ redis: harness.client, keyring: ring, appendControl: async () => undefined });
    const { app } = await registry.createApp("shop", ["listen"]);
    await harness.put(app, "one", "https://example.org/", harness.secret);
    expect(await rotateKeys({ redis: harness.client, keyring: ring })).toMatchObject({ hooks: 1 });
    const work = redisDeliveryStore({ redis: harness.client, keyring: ring, eventsKept: 100 });
    const [claim] = await work.claim(keys.tagOf(app));
    expect((await work.load(claim as NonNullable<typeof claim>))?.secret).toBe(harness.secret);
    await harness.put(app, "two", "https://example.org/", newWebhookSecret());
    const [sealed, version] = await harness.client.hmget(keys.hook(app, "one"), "secret", "secretVersion");
    await harness.client.hset(keys.hook(app, "two"), "secret", sealed ?? "", "secretVersion", version ?? "");
    const [second] = await work.claim(keys.tagOf(app));
    await expect(work.load(second as NonNullable<typeof second>)).rejects.toThrow();
  });

  test("refuses all writes of a lease that another worker took over", async () => {
    await harness.put("app2", "one", "https://example.org/", harness.secret);
    const ring = await keyring({ path: join(redis.dir, "master.key"), opens: true });
    const work = redisDeliveryStore({ redis: harness.client, keyring: ring, eventsKept: 100 });
    const [old] = await work.claim(keys.tagOf("app2"));
    if (old === undefined) throw new Error("nothing was claimed");
    expect(await work.claim(keys.tagOf("app2"))).toEqual([]);
    await harness.client.del(keys.hookLease("app2", "one"));
    const [fresh] = await work.claim(keys.tagOf("app2"));
    expect(fresh?.fence).not.toBe(old.fence);
    await harness.append("app2", result("r1"));
    const nothing = {
      added: [],
      removed: [],
      retries: new Map(),
      health: { consecutiveFailures: 0, retryAt: 0, streak: undefined },
      deliveries: [],
      events: [],
    };
    expect(await work.commitBatch(old, { ...nothing, replayGeneration: "0", cursor: "x.1-1" })).toEqual({
      outcome: "lost",
    });
    expect(await work.renew(old)).toBeUndefined();
    await work.release(old);
    expect(await work.renew(fresh as NonNullable<typeof fresh>)).toBeDefined();
    expect((await harness.hooks.get("app2", "one"))?.cursor).not.toBe("x.1-1");
  });
});
