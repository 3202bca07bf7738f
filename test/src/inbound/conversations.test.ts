import { setTimeout as settled } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deliveryReceipts } from "../../../src/inbound/delivery-receipts.ts";
import { keys } from "../../../src/redis/keys.ts";
import { activityOf, gatewayCore } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { sentTo, testPlatform } from "../../support/test-platform.ts";

let server: TestRedis;
let core: ReturnType<typeof gatewayCore>;
beforeAll(async () => {
  server = await testRedis();
  const talking = testPlatform(async (activity, context) => {
    await context.commit({
      receiptTtlSeconds: 60,
      conversations: activity.target.map(({ address }) => `t:${address}`),
    });
    const refusal = { code: "outside-window", detail: "Too late.", retryable: false };
    const outcomes = sentTo(activity).outcomes.map((outcome) =>
      outcome.address.startsWith("no") ? { ...outcome, status: "failed" as const, error: refusal } : outcome,
    );
    const waits = activity.object.wait === true && context.attempt === 1;
    return waits
      ? { outcomes: outcomes.map((outcome) => ({ ...outcome, status: "deferred" as const, retryAfterMs: 10_000 })) }
      : { outcomes };
  });
  core = gatewayCore(server, [talking]);
  core.startWorkers();
});
afterAll(async () => {
  await core.close();
  await server.stop();
});

let apps = 0;
/** Sends activities in turn. Resolves with the time of each commit, by Redis' clock. */
async function sent(...targets: ReadonlyArray<readonly string[]>) {
  const app = `app${++apps}`;
  for (const [nth, target] of targets.entries()) {
    await core.accept(app, activityOf({ target: target.map((address) => ({ address })) }), { ridAsSent: nth });
    await core.results(app, nth + 1);
  }
  const report = deliveryReceipts({ redis: core.redis, eventsKept: 1_000 });
  const statusEvents = async () =>
    (await core.events(app))
      .filter(({ type, status }) => type === "status" && status !== "sending")
      .map(
        ({ status, rid, target }) =>
          `${rid} ${status} ${(target as Array<{ address: string }>).map(({ address }) => address)}`,
      );
  const times = async (thread: string) =>
    (await core.redis.zrange(keys.conversation(app, thread), "0", "-1", "WITHSCORES"))
      .filter((_, at) => at % 2 === 1)
      .map(Number);
  return { app, report, statusEvents, times };
}

it("a read watermark covers exactly the messages sent to the conversation up to its time", async () => {
  const { app, report, statusEvents, times } = await sent(["ann"], ["ben"], ["ann"], ["ann"]);
  const [, second = 0] = await times("t:ann");
  await report(app, { conversation: "t:ann", until: second, status: "delivered" });
  await report(app, { conversation: "t:ann", until: second, status: "delivered" });
  expect(await statusEvents()).toEqual(["0 delivered ann", "2 delivered ann"]);
  await report(app, { conversation: "t:ann", until: second, status: "read" });
  await report(app, { conversation: "t:ann", until: second, status: "delivered" });
  await report(app, { conversation: "t:nobody", until: Date.now() + 60_000, status: "read" });
  await report(`${app}x`, { conversation: "t:ann", until: Date.now() + 60_000, status: "read" });
  expect((await statusEvents()).slice(2)).toEqual(["0 read ann", "2 read ann"]);
  expect(await times("t:ann")).toHaveLength(1);
});

it("a read watermark of an activity to several people covers the reader only", async () => {
  const { app, report, statusEvents } = await sent(["ann", "ben"]);
  await report(app, { conversation: "t:ben", until: Date.now() + 60_000, status: "read", target: "ben" });
  expect(await statusEvents()).toEqual(["0 read ben"]);
  await report(app, { conversation: "t:ann", until: Date.now() + 60_000, status: "delivered", target: "ann" });
  expect((await statusEvents()).slice(1)).toEqual(["0 delivered ann"]);
});

it("a read watermark does not cover refused or waiting messages", async () => {
  const { app, report, statusEvents } = await sent(["no-ann"], ["ann", "no-ann"]);
  for (const thread of ["t:no-ann", "t:ann"])
    await report(app, { conversation: thread, until: Date.now() + 60_000, status: "read" });
  expect(await statusEvents()).toEqual(["1 read ann"]);
  const waiting = activityOf({ target: [{ address: "ann" }], object: { wait: true } });
  await core.accept(app, waiting, { ridAsSent: 9 });
  while (!(await core.events(app)).some(({ rid, status }) => rid === 9 && status === "deferred")) await settled(10);
  await report(app, { conversation: "t:ann", until: Date.now() + 60_000, status: "delivered" });
  expect((await statusEvents()).filter((line) => line.startsWith("9 "))).toEqual(["9 deferred ann"]);
});

it("conversations expire with the receipts and are bounded", async () => {
  const { app } = await sent(["ann"]);
  expect(await core.redis.ttl(keys.conversation(app, "t:ann"))).toBeGreaterThan(0);
  const many = Array.from({ length: 300 }, (_, at) => [String(at), `old${at}`]).flat();
  await core.redis.zadd(keys.conversation(app, "t:ann"), ...many);
  await core.accept(app, activityOf({ target: [{ address: "ann" }] }));
  await core.results(app, 2);
  expect(await core.redis.zcard(keys.conversation(app, "t:ann"))).toBe(200);
});
