import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { ResultEvent } from "../../src/model/event.ts";
import { keys } from "../../src/redis/keys.ts";
import { result, session } from "../src/streaming/tail-fixture.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";
import { webhookHarness } from "../support/webhook-harness.ts";
import { type ReceivedWebhook, type WebhookReply, webhookReceiver } from "../support/webhook-receiver.ts";

let redis: TestRedis;
let harness: Awaited<ReturnType<typeof webhookHarness>>;
let receiver: Awaited<ReturnType<typeof webhookReceiver>>;
let answerWith: (webhook: Omit<ReceivedWebhook, "status">, nth: number) => WebhookReply;
let app: string;
let count = 0;

beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  app = `app${++count}`;
  answerWith = () => 204;
  receiver = await webhookReceiver((webhook, nth) => answerWith(webhook, nth));
  harness = await webhookHarness(redis);
});
afterEach(async () => {
  await harness.close();
  await receiver.stop();
});
afterAll(() => redis.stop());

const to = (address: string, rid: string, more: Partial<ResultEvent> = {}) =>
  result(rid, { target: [{ address, status: "sent" }], ...more });
const rids = (all: readonly ReceivedWebhook[]) => all.map(({ body }) => body.rid);

describe("webhook delivery", () => {
  test("posts each event once, signed, with its cursor and a stable id", async () => {
    await harness.put(app, "one", receiver.url, harness.secret);
    const cursor = await harness.append(app, to("a@b.c", "r1"));
    harness.startWorker();
    await receiver.until(() => receiver.received.length === 1);
    const [first] = receiver.received as [ReceivedWebhook];
    expect(receiver.verify(harness.secret, first)).toMatchObject({ type: "result", rid: "r1", cursor });
    expect(first.id).toBe(`evt_${cursor.replace(".", "_")}`);
    expect(first.headers["content-type"]).toBe("application/json");
    await harness.append(app, to("a@b.c", "r2"));
    await receiver.until(() => receiver.received.length === 2);
    await vi.waitFor(async () => {
      const hook = await harness.hooks.get(app, "one");
      expect(hook).toMatchObject({ state: "active", lag: { held: 0, seconds: 0 } });
      expect(hook?.deliveries.map(({ id, delivered }) => [id, delivered])).toEqual(
        [...receiver.received].reverse().map(({ id }) => [id, true]),
      );
    }, 20_000);
  });

  test("posts only events that pass the filter", async () => {
    await harness.put(app, "one", receiver.url, harness.secret, {
      filter: { types: ["result"], actors: ["BOB@example.com"] },
    });
    harness.startWorker();
    await harness.append(app, session("bob@example.com"));
    await harness.append(app, to("x@y.z", "other", { actor: { address: "eve@example.com" } }));
    await harness.append(app, to("x@y.z", "mine"));
    await receiver.until(() => receiver.received.length > 0);
    expect(rids(receiver.received)).toEqual(["mine"]);
  });

  test("keeps the order within a conversation over failures, while other conversations continue", async () => {
    const refusals = new Map([["a1", 3]]);
    answerWith = ({ body }) => {
      const left = refusals.get(String(body.rid)) ?? 0;
      refusals.set(String(body.rid), left - 1);
      return left > 0 ? 500 : 200;
    };
    await harness.put(app, "one", receiver.url, harness.secret);
    for (const rid of ["a1", "a2", "a3"]) await harness.append(app, to("a@x.y", rid));
    for (const rid of ["b1", "b2"]) await harness.append(app, to("b@x.y", rid));
    harness.startWorker();
    await receiver.until(() => receiver.accepted().length === 2);
    await harness.append(app, to("a@x.y", "a4"));
    await receiver.until(() => receiver.accepted().length === 6);
    const accepted = rids(receiver.accepted());
    expect(accepted.filter((rid) => String(rid).startsWith("a"))).toEqual(["a1", "a2", "a3", "a4"]);
    expect(accepted.slice(0, 2)).toEqual(["b1", "b2"]);
    expect(rids(receiver.received).filter((rid) => rid === "a1")).toHaveLength(4);
    expect(new Set(receiver.received.filter(({ body }) => body.rid === "a1").map(({ id }) => id)).size).toBe(1);
  });

  test("probes a receiver that is down, and posts all events when it recovers", async () => {
    answerWith = () => 503;
    await harness.put(app, "one", receiver.url, harness.secret);
    for (let i = 0; i < 300; i++) await harness.append(app, to(`u${i}@x.y`, `r${i}`));
    harness.startWorker();
    await receiver.until(() => receiver.received.length > 30);
    expect(await harness.hooks.get(app, "one")).toMatchObject({ state: "failing" });
    // The first burst is posted in parallel; afterwards one at a time.
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBeLessThan(100);
    answerWith = () => 200;
    await receiver.until(() => receiver.accepted().length === 300);
    await vi.waitFor(
      async () => expect(await harness.hooks.get(app, "one")).toMatchObject({ state: "active", lag: { held: 0 } }),
      20_000,
    );
  });

  test.each([[429], [503]])("waits as the Retry-After of a %i demands", async (status) => {
    const delays: number[] = [];
    answerWith = (_it, nth) => (nth === 0 ? { status, headers: { "retry-after": "7200" } } : 204);
    await harness.put(app, "one", receiver.url, harness.secret);
    await harness.append(app, to("a@b.c", "r1"));
    harness.startWorker({
      delay: (_failures, _random, askedMs = 0) => {
        delays.push(askedMs);
        return askedMs > 0 ? 100 : 50;
      },
    });
    await receiver.until(() => receiver.accepted().length === 1);
    expect(Math.max(...delays)).toBe(7_200_000);
  });

  test("switches a hook off at a 410, and on again at the same position by PUT", async () => {
    answerWith = () => 410;
    await harness.put(app, "one", receiver.url, harness.secret);
    await harness.append(app, to("a@b.c", "r1"));
    harness.startWorker();
    await vi.waitFor(async () => expect((await harness.hooks.get(app, "one"))?.state).toBe("disabled"), 20_000);
    expect(await harness.webhookEvents(app)).toMatchObject([
      { name: "one", state: "disabled", error: { platformCode: "HTTP 410" } },
    ]);
    await harness.append(app, to("a@b.c", "r2"));
    expect(receiver.received).toHaveLength(1);
    answerWith = () => 200;
    await harness.put(app, "one", receiver.url, harness.secret);
    await receiver.until(() => receiver.accepted().length === 3);
    expect(rids(receiver.accepted()).filter(Boolean)).toEqual(["r1", "r2"]);
  });

  test("switches a hook off after a day of failures; an event that fails for a day is skipped and reported", async () => {
    let skew = 0;
    const now = () => Date.now() + skew;
    answerWith = ({ body }) => (body.rid === "poison" ? 500 : 200);
    const poisonTries = () => rids(receiver.received).filter((rid) => rid === "poison").length;
    await harness.put(app, "one", receiver.url, harness.secret, { filter: { types: ["result"] } });
    const lost = await harness.append(app, to("a@b.c", "poison"));
    await harness.append(app, to("a@b.c", "behind"));
    harness.startWorker({ now });
    await receiver.until(() => receiver.received.length > 2);
    // Each hour another conversation gets through, and the poison is tried again.
    for (let hour = 0; !rids(receiver.accepted()).includes("behind"); hour++) {
      skew += 3_600_000;
      const tried = poisonTries();
      await harness.append(app, to("else@b.c", `other${hour}`));
      await receiver.until(() => rids(receiver.accepted()).includes(`other${hour}`));
      await receiver.until(() => poisonTries() > tried || rids(receiver.accepted()).includes("behind"));
    }
    expect(skew).toBeGreaterThanOrEqual(24 * 3_600_000);
    await vi.waitFor(
      async () => expect(await harness.webhookEvents(app)).toMatchObject([{ name: "one", state: "skipped", lost }]),
      20_000,
    );
    answerWith = () => 500;
    await harness.append(app, to("c@b.c", "last"));
    await vi.waitFor(async () => expect((await harness.hooks.get(app, "one"))?.state).toBe("failing"), 20_000);
    for (let hour = 0; hour < 24; hour++) {
      expect((await harness.hooks.get(app, "one"))?.state).toBe("failing");
      skew += 3_600_000;
      const tried = receiver.received.length;
      await receiver.until(() => receiver.received.length > tried);
    }
    await vi.waitFor(async () => expect((await harness.hooks.get(app, "one"))?.state).toBe("disabled"), 20_000);
  });

  test("does not switch a hook off when the clock jumps by days", async () => {
    let skew = 0;
    answerWith = () => 500;
    await harness.put(app, "one", receiver.url, harness.secret, { filter: { types: ["result"] } });
    await harness.append(app, to("a@b.c", "r1"));
    harness.startWorker({ now: () => Date.now() + skew });
    for (const days of [1, -1, 10, 0, 30]) {
      const tried = receiver.received.length;
      await receiver.until(() => receiver.received.length > tried + 1);
      skew = days * 86_400_000;
      // A clock set back waits for what was planned before.
      if (days <= 0) await harness.put(app, "one", receiver.url, harness.secret, { filter: { types: ["result"] } });
    }
    answerWith = () => 200;
    await receiver.until(() => receiver.accepted().length === 1);
    expect(await harness.hooks.get(app, "one")).toMatchObject({ state: "active", lag: { held: 0 } });
    expect(await harness.webhookEvents(app)).toEqual([]);
  });

  test("signs and schedules by Redis' clock, regardless of the worker's", async () => {
    const dateNow = vi.spyOn(Date, "now").mockImplementation(() => 0);
    try {
      await harness.put(app, "one", receiver.url, harness.secret);
      await harness.append(app, to("a@b.c", "r1"));
      harness.startWorker();
      await receiver.until(() => receiver.received.length === 1);
    } finally {
      dateNow.mockRestore();
    }
    expect(receiver.verify(harness.secret, receiver.received[0] as ReceivedWebhook)).toMatchObject({ rid: "r1" });
  });

  test("keeps pending events within the app's share of bytes, continues later, and frees them", async () => {
    let isDown = true;
    answerWith = () => (isDown ? 500 : 200);
    const bytes = async () => (await harness.client.hmget(keys.counts(app), "bytes", "pendingBytes")).map(Number);
    const large = { object: { body: "x".repeat(40_000) } } as unknown as Partial<ResultEvent>;
    await harness.put(app, "one", receiver.url, harness.secret, { filter: { types: ["result"] } });
    for (let n = 0; n < 200; n++) await harness.append(app, to(`u${n}@b.c`, `r${n}`, large));
    const share = 4 * 1024 * 1024;
    harness.startWorker({ store: harness.store({ maxBytes: () => share }) });
    await receiver.until(() => receiver.received.length > 60);
    const [stored = 0, pending = 0] = await bytes();
    expect(pending).toBe(stored);
    // A quarter of the share, and the page that went beyond it.
    expect(pending).toBeGreaterThan(share / 4);
    expect(pending).toBeLessThan(share / 4 + 2 * 1024 * 1024);
    isDown = false;
    await receiver.until(() => receiver.accepted().length === 200);
    await vi.waitFor(async () => expect(await bytes()).toEqual([0, 0]), 20_000);
  });

  test("frees its bytes when the hook is deleted or replayed", async () => {
    answerWith = () => 500;
    const pending = async () => Number(await harness.client.hget(keys.counts(app), "pendingBytes"));
    for (const end of [
      harness.hooks.remove,
      (_: string, name: string) => harness.hooks.replay(app, name, "earliest"),
    ]) {
      const tried = receiver.received.length;
      await harness.put(app, "one", receiver.url, harness.secret, { filter: { types: ["result"] } });
      await harness.append(app, to("a@b.c", "r1"));
      const worker = harness.startWorker();
      await receiver.until(() => receiver.received.length > tried + 1);
      await worker.close();
      expect(await pending()).toBeGreaterThan(0);
      await end(app, "one");
      expect(await pending()).toBe(0);
    }
  });

  test("posts a gap when the log dropped undelivered events", async () => {
    await harness.put(app, "one", receiver.url, harness.secret);
    const first = await harness.append(app, to("a@b.c", "lost"));
    await harness.append(app, to("a@b.c", "kept"));
    await harness.client.xtrim(keys.log(app), "MAXLEN", 1);
    harness.startWorker();
    await receiver.until(() => receiver.received.length === 2);
    expect(receiver.received[0]?.body).toMatchObject({ type: "gap" });
    expect(receiver.received[0]?.body.requested).not.toBe(first);
    expect(receiver.received[1]?.body.rid).toBe("kept");
  });

  test("replays from a cursor with the same ids", async () => {
    await harness.put(app, "one", receiver.url, harness.secret);
    const cursors = [];
    for (const rid of ["r1", "r2", "r3"]) cursors.push(await harness.append(app, to("a@b.c", rid)));
    harness.startWorker();
    await receiver.until(() => receiver.received.length === 3);
    expect(await harness.hooks.replay(app, "one", cursors[0] as string)).toBe(true);
    await receiver.until(() => receiver.received.length === 5);
    expect(rids(receiver.received)).toEqual(["r1", "r2", "r3", "r2", "r3"]);
    expect(receiver.received[3]?.id).toBe(receiver.received[1]?.id);
  });

  test("starts a recreated hook without the state of the old one", async () => {
    await harness.put(app, "one", `${receiver.url}/old`, harness.secret);
    harness.startWorker();
    await harness.append(app, to("a@b.c", "r1"));
    await receiver.until(() => receiver.received.length === 1);
    expect(await harness.hooks.remove(app, "one")).toBe(true);
    await harness.append(app, to("a@b.c", "between"));
    await harness.put(app, "one", `${receiver.url}/new`, harness.secret);
    await harness.append(app, to("a@b.c", "r2"));
    await receiver.until(() => receiver.received.some(({ path }) => path === "/hook/new"));
    expect(rids(receiver.received.filter(({ path }) => path === "/hook/new"))).toEqual(["r2"]);
  });

  test("posts a test once, regardless of the answer", async () => {
    answerWith = () => 500;
    await harness.put(app, "one", receiver.url, harness.secret);
    harness.startWorker();
    expect(await harness.hooks.test(app, "one", "test_1", JSON.stringify({ type: "test" }))).toBe(true);
    await receiver.until(() => receiver.received.length === 1);
    expect(receiver.received[0]?.id).toBe("test_1");
    await vi.waitFor(
      async () =>
        expect((await harness.hooks.deliveries(app, "one", 10)).map(({ id, status }) => [id, status])).toEqual([
          ["test_1", 500],
        ]),
      20_000,
    );
    expect((await harness.hooks.get(app, "one"))?.state).toBe("active");
  });
});

describe("webhook workers", () => {
  test("share hooks, one worker each, and take over from each other", async () => {
    const first = harness.startWorker();
    for (let i = 0; i < 6; i++) await harness.put(app, `h${i}`, `${receiver.url}/${i}`, harness.secret);
    harness.startWorker();
    for (let i = 0; i < 20; i++) await harness.append(app, to("a@b.c", `r${i}`));
    await receiver.until(() => receiver.received.length === 120);
    await first.close();
    for (let i = 20; i < 40; i++) await harness.append(app, to("a@b.c", `r${i}`));
    await receiver.until(() => receiver.received.length === 240);
    for (let i = 0; i < 6; i++) {
      const deliveries = receiver.received.filter(({ path }) => path === `/hook/${i}`);
      expect(rids(deliveries)).toEqual(Array.from({ length: 40 }, (_, n) => `r${n}`));
    }
  });

  test("lose no event when the receiver disconnects", async () => {
    let broken = 0;
    answerWith = () => {
      broken++;
      return broken % 7 === 0 ? (response) => response.destroy() : 200;
    };
    await harness.put(app, "one", receiver.url, harness.secret);
    harness.startWorker();
    for (let i = 0; i < 200; i++) await harness.append(app, to(`u${i % 10}@x.y`, `r${i}`));
    await receiver.until(() => receiver.accepted().length === 200);
    for (let u = 0; u < 10; u++) {
      const ownRids = rids(receiver.accepted()).filter((rid) => Number(String(rid).slice(1)) % 10 === u);
      expect(ownRids).toEqual(Array.from({ length: 20 }, (_, n) => `r${n * 10 + u}`));
    }
  });

  test("are not delayed by another app's dead receiver", async () => {
    const dead = await webhookReceiver(() => () => undefined);
    try {
      await harness.put(app, "dead", dead.url, harness.secret);
      await harness.put(`${app}b`, "alive", receiver.url, harness.secret);
      for (let i = 0; i < 50; i++) await harness.append(app, to(`u${i}@x.y`, `d${i}`));
      harness.startWorker();
      await dead.until(() => dead.received.length > 0);
      for (let i = 0; i < 50; i++) await harness.append(`${app}b`, to(`u${i}@x.y`, `r${i}`));
      await receiver.until(() => receiver.accepted().length === 50);
      expect(dead.received.length).toBeLessThanOrEqual(16);
    } finally {
      await dead.stop();
    }
  });
});
