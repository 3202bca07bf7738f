import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resultEvent } from "../../../src/model/event-builders.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { keys } from "../../../src/redis/keys.ts";
import { activityOf, entryOf } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

async function sendOne(rid: string) {
  const redis = server.connect();
  const outbox = redisOutbox({ redis, quota: 100, eventsKept: 100, retentionSeconds: 60 });
  const activity = activityOf({ rid, object: { body: "x".repeat(2_000) } });
  const entry = entryOf("app1", activity, { ridAsSent: 7 });
  await outbox.accept(entry);
  const before = await outbox.find("app1", rid);
  const claimed = await outbox.claim("app1", entry.lane);
  if (claimed.kind !== "item") throw new Error("nothing to claim");
  const outcomes = [{ address: "foo", status: "sent", id: "a|b" }];
  const event = resultEvent(activity, 7, { status: "sent", outcomes, attempts: 2, now: Date.now() });
  expect(await outbox.complete(claimed.item, event)).toEqual({ kind: "empty" });
  return { redis, outbox, activity, entry, before, event };
}

describe("record of a sent activity", () => {
  it("is small, and still answers what became of it", async () => {
    const { redis, outbox, before, event, activity } = await sendOne("small");
    expect(await redis.memory("USAGE", keys.record("app1", "small"))).toBeLessThan(512);
    expect(await outbox.find("app1", "small")).toEqual({
      ...before,
      lane: "",
      status: "sent",
      attempts: 2,
      committed: true,
      target: [{ address: "foo" }],
      outcomes: event.target,
      result: event,
      actor: activity.actor,
    });
    expect(await redis.ttl(keys.record("app1", "small"))).toBeGreaterThan(0);
  });

  it("answers a repeated rid as before, and refuses the rid with another content", async () => {
    const { outbox, entry, activity } = await sendOne("again");
    expect(await outbox.accept(entry)).toEqual({
      outcome: "replayed",
      id: activity.id,
      status: "sent",
      ridAsSent: 7,
    });
    expect(await outbox.accept({ ...entry, fingerprint: "f".repeat(64) })).toEqual({ outcome: "reused" });
  });

  it("is final: it can't be committed, cancelled, deferred or completed again", async () => {
    const { outbox, entry, activity, event } = await sendOne("final");
    expect(await outbox.finalize("app1", activity.rid, entry.lane, { ...event, status: "cancelled" })).toEqual({
      outcome: "final",
    });
    const next = activityOf({ rid: "next" });
    await outbox.accept(entryOf("app1", next, { lane: entry.lane }));
    const claimed = await outbox.claim("app1", entry.lane);
    if (claimed.kind !== "item") throw new Error("nothing to claim");
    // A zombie whose fence is current, but whose activity ended long ago.
    const zombie = { ...claimed.item, activity };
    expect(await outbox.commit(zombie, { ...event, type: "status", status: "sending" })).toBe("over");
    expect(await outbox.complete(zombie, event)).toMatchObject({ kind: "item", item: { activity: { rid: "next" } } });
  });
});
