import { EventEmitter } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { inboundRecorder } from "../../src/inbound/record-inbound.ts";
import { silentLog } from "../../src/model/log.ts";
import type { Platform, PollContext, PollResult } from "../../src/platform/platform.ts";
import { redisTopics, topicId } from "../../src/polling/redis-topics.ts";
import { keys } from "../../src/redis/keys.ts";
import { type PollWorkerDeps, pollWorker } from "../../workers/poll.ts";
import { noEgress } from "../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";
import { testPlatform } from "../support/test-platform.ts";

let server: TestRedis;
const stops: Array<() => Promise<void>> = [];

beforeAll(async () => {
  server = await testRedis();
});
beforeEach(() => server.connect().flushall());
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => server.stop());

const bob = { app: "app1", platform: "test", actor: "bob" };
const eve = { app: "app2", platform: "test", actor: "eve" };
const FAR = 3_600_000;
const claim = (maxTopics: number, leaseMs: number) => ({ maxTopics, leaseMs, maxPerApp: 100, running: new Map() });

/** Topics polled by the test's function; `polled` emits each finished poll. */
function pollFixture(
  poll: (topic: string, polling: PollContext) => Promise<PollResult>,
  more: Pick<Platform, "teardown"> & Pick<PollWorkerDeps, "endpoint"> = {},
) {
  const redis = server.connect();
  const topics = redisTopics({ redis });
  const changes = new EventEmitter().setMaxListeners(0);
  const arrive = inboundRecorder({ redis, eventsKept: 1_000 });
  const platform = testPlatform(async () => ({ outcomes: [] }), {
    poll: (topic, polling) => poll(topic, polling).finally(() => changes.emit("polled", topic)),
    ...(more.teardown ? { teardown: more.teardown } : {}),
  });
  const find = (id: string) => (id === "test" ? platform : undefined);
  const work = () => {
    const worker = pollWorker({
      topics,
      record: arrive,
      egress: noEgress,
      find,
      log: silentLog,
      intervalMs: 20,
      ...(more.endpoint ? { endpoint: more.endpoint } : {}),
    });
    stops.push(worker.stop);
    return worker;
  };
  const bodies = async (app: string) =>
    (await redis.xrange(keys.log(app), "-", "+")).flatMap(([, [field, text = ""]]) =>
      field === "e" ? [JSON.parse(text) as { object: unknown; target: unknown; verb: string }] : [],
    );
  const polls = (count: number) =>
    new Promise<void>((resolve) => {
      let seen = 0;
      changes.on("polled", () => ++seen === count && resolve());
    });
  return { redis, topics, work, bodies, polls };
}

const entry = (n: number) => ({
  key: `e${n}`,
  event: {
    platform: "test",
    verb: "post",
    actor: { address: "feed" },
    object: { n },
    published: "2026-01-01T00:00:00Z",
  },
});

it("pollWorker polls once for all subscribers, and reports new entries to each once", async () => {
  const states: Array<string | undefined> = [];
  const { topics, work, bodies, polls } = pollFixture(async (_topic, { state }) => {
    states.push(state);
    const n = Number(state ?? 0);
    return { entries: n === 0 ? [] : [entry(n), entry(n)], state: String(n + 1), nextMs: n < 3 ? 1 : FAR };
  });
  await topics.subscribe(bob, "t", true);
  await topics.subscribe(eve, "t", true);
  await topics.subscribe(eve, "t", true);
  const enough = polls(4);
  const worker = work();
  await enough;
  await worker.stop();
  expect(states).toEqual([undefined, "1", "2", "3"]);
  expect((await bodies("app1")).map(({ object }) => object)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(await bodies("app2")).toMatchObject([1, 2, 3].map((n) => ({ object: { n }, target: [{ address: "eve" }] })));
});

it("pollWorkers share due topics and poll each once", async () => {
  const seen: string[] = [];
  const { topics, work, polls } = pollFixture(async (topic) => {
    seen.push(topic);
    return { entries: [], state: "1", nextMs: FAR };
  });
  const names = Array.from({ length: 200 }, (_, at) => `t${at}`);
  for (const name of names) await topics.subscribe(bob, name, true);
  const enough = polls(200);
  const workers = [work(), work()];
  await enough;
  for (const worker of workers) await worker.stop();
  expect(seen.sort()).toEqual([...names].sort());
});

it("pollWorker discards late polls, and repeated entries arrive once", async () => {
  const { topics, redis, bodies } = pollFixture(async () => ({ entries: [], state: "", nextMs: FAR }));
  await topics.subscribe(bob, "t", true);
  const part = (await Promise.all(Array.from({ length: 16 }, (_, at) => redis.zcard(keys.pollsDue(at))))).indexOf(1);
  const [slow] = (await topics.claimDue(part, claim(10, 0))) ?? [];
  const [fast] = (await topics.claimDue(part, claim(10, FAR))) ?? [];
  if (!slow || !fast) throw new Error("it was not due");
  await topics.finish(fast, { state: "fast", failures: 0, nextMs: FAR });
  await topics.finish(slow, { state: "slow", failures: 0, nextMs: 0 });
  expect(await redis.hget(keys.topic(part, slow.id), "state")).toBe("fast");
  expect(await topics.claimDue(part, claim(10, FAR))).toEqual([]);
  expect(await bodies("app1")).toEqual([]);
});

it("pollWorker backs off after failures and starts over after a success", async () => {
  let fails = 0;
  const { topics, redis, work, polls } = pollFixture(async () => {
    if (++fails <= 2) throw new Error("away");
    return { entries: [], state: "1", nextMs: FAR };
  });
  await topics.subscribe(bob, "t", true);
  const id = topicId("test", "t");
  const worker = work();
  for (const times of [1, 2]) {
    await polls(1);
    const part = (
      await Promise.all(Array.from({ length: 16 }, (_, at) => redis.zscore(keys.pollsDue(at), id)))
    ).findIndex((score) => score !== null);
    while ((await redis.hget(keys.topic(part, id), "fails")) !== String(times)) await redis.ping();
    const wait = Number(await redis.zscore(keys.pollsDue(part), id)) - Date.now();
    expect(wait).toBeGreaterThan(60_000 * 2 ** times * 0.7);
    await topics.trigger(id);
  }
  await worker.stop();
});

it("pollWorker reports the end of a topic to its subscribers and stops polling", async () => {
  let ended = false;
  const error = { code: "gone", detail: "The feed is gone.", retryable: false };
  const { topics, redis, work, bodies, polls } = pollFixture(async () => {
    const more = ended ? { ended: error } : {};
    ended = true;
    return { entries: [], state: "1", nextMs: 1, ...more };
  });
  await topics.subscribe(bob, "t", true);
  await topics.subscribe(eve, "t", true);
  await topics.subscribe(eve, "t", false);
  const twice = polls(2);
  const worker = work();
  await twice;
  await worker.stop();
  expect(await bodies("app1")).toMatchObject([{ verb: "unsubscribe", object: { error } }]);
  expect(await bodies("app2")).toEqual([]);
  expect(await topics.subscriptions(bob)).toEqual([]);
  const left = await redis.keys("{dgmp*");
  expect(left).toEqual([]);
});

it("pollWorker polls again after a hint during a poll, and passes the hint", async () => {
  const seen: Array<readonly [isTriggered: boolean, note: string | undefined]> = [];
  const { topics, work, polls } = pollFixture(async (_topic, { triggered: isTriggered, hint: note }) => {
    seen.push([isTriggered, note]);
    if (seen.length === 1) {
      await topics.saveHint(id, "changed");
      for (let n = 0; n < 5; n++) await topics.trigger(id);
    }
    return { entries: [], state: "1", nextMs: FAR };
  });
  const id = topicId("test", "t");
  await topics.trigger(id);
  await topics.saveHint(id, "of nobody");
  expect(await topics.status("test", "t")).toBeUndefined();
  await topics.subscribe(bob, "t", true);
  const twice = polls(2);
  const worker = work();
  await twice;
  await worker.stop();
  expect(seen).toEqual([
    [false, undefined],
    [true, "changed"],
  ]);
  const before = Date.now();
  await topics.trigger(id);
  // Many triggers in a row cause one poll in ten seconds.
  expect((await topics.status("test", "t"))?.nextAt).toBeGreaterThan(before + 5_000);
});

it("topicStatus has the state, the failures and the next poll of a topic", async () => {
  let good = true;
  const { topics, work, polls } = pollFixture(async () => {
    if (!good) throw new Error("away");
    good = false;
    return { entries: [], state: "left", nextMs: 1 };
  });
  await topics.subscribe(bob, "t", true);
  expect(await topics.status("test", "t")).toMatchObject({ fails: 0 });
  const twice = polls(2);
  const worker = work();
  await twice;
  while ((await topics.status("test", "t"))?.fails === 0);
  await worker.stop();
  const standing = await topics.status("test", "t");
  expect(standing).toMatchObject({ state: "left", fails: 1, error: { retryable: expect.any(Boolean) } });
  expect((standing?.nextAt ?? 0) - (standing?.polledAt ?? 0)).toBeGreaterThanOrEqual(60_000);
});

it("pollWorker tears a topic down after the last unsubscribe, even during a poll", async () => {
  const open = new Set<string>();
  const calls: string[] = [];
  const { topics, redis, work, polls } = pollFixture(
    async (topic, { endpoint }) => {
      await endpoint?.open({ secret: "s" });
      await topics.subscribe(bob, topic, false);
      return { entries: [], state: "1", nextMs: FAR };
    },
    {
      endpoint: ({ id }) => ({
        open: async () => {
          await topics.setRemoteState(id, true);
          open.add(id);
          return "";
        },
        secrets: async () => undefined,
        close: async () => {
          open.delete(id);
          await topics.setRemoteState(id, false);
        },
      }),
      teardown: async (_topic, { state = "", endpoint }) => {
        calls.push(state);
        if (calls.length < 3) return { state: `${state}+`, nextMs: 1 };
        await endpoint?.close();
        return undefined;
      },
    },
  );
  await topics.subscribe(bob, "t", true);
  const once = polls(1);
  const worker = work();
  await once;
  while ((await redis.keys("{dgmp*")).length > 0) await redis.ping();
  await worker.stop();
  expect(calls).toEqual(["1", "1+", "1++"]);
  expect(open.size).toBe(0);
});

it("pollWorker continues for a subscriber that returns before the teardown", async () => {
  const { topics, work, polls } = pollFixture(async () => ({ entries: [], state: "1", nextMs: FAR }));
  await topics.subscribe(bob, "t", true);
  const [due] = (
    await Promise.all(Array.from({ length: 16 }, (_, part) => topics.claimDue(part, claim(1, FAR))))
  ).flatMap((claimed) => claimed ?? []);
  if (!due) throw new Error("it was not due");
  await topics.subscribe(bob, "t", false);
  await topics.subscribe(eve, "t", true);
  await topics.remove(due);
  const once = polls(1);
  const worker = work();
  await once;
  await worker.stop();
  expect(await topics.subscribers(due.id)).toEqual([{ app: "app2", actor: "eve" }]);
});

it("pollWorker polls an app's feeds at once while another app's feeds hang", async () => {
  const hung: string[] = [];
  const { topics, work } = pollFixture(async (topic, { signal }) => {
    if (topic === "modest") return { entries: [], state: "1", nextMs: FAR };
    hung.push(topic);
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    return { entries: [], state: "", nextMs: FAR };
  });
  for (let n = 0; n < 200; n++) await topics.subscribe(bob, `greedy${n}`, true);
  const worker = work();
  await expect.poll(() => hung.length, { timeout: 20_000 }).toBe(12);
  await topics.subscribe(eve, "modest", true);
  await expect.poll(async () => (await topics.status("test", "modest"))?.polledAt, { timeout: 20_000 }).toBeDefined();
  expect(hung).toHaveLength(12);
  await worker.stop();
});

it("bounds the topics that an app follows, over all its actors, and no other app's", async () => {
  const topics = redisTopics({ redis: server.connect(), maxSubscriptions: 3 });
  for (const actor of ["one", "two", "three"]) await topics.subscribe({ ...bob, actor }, "t", true);
  await topics.subscribe({ ...bob, actor: "one" }, "t", true);
  await expect(topics.subscribe({ ...bob, actor: "four" }, "t", true)).rejects.toMatchObject({
    code: "policy-refused",
    kind: "permanent",
  });
  await topics.subscribe(eve, "t", true);
  await topics.subscribe({ ...bob, actor: "one" }, "t", false);
  await topics.subscribe({ ...bob, actor: "one" }, "t", false);
  await topics.subscribe({ ...bob, actor: "four" }, "t", true);
  await expect(topics.subscribe({ ...bob, actor: "five" }, "t", true)).rejects.toThrow();
});
