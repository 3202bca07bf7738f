import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resultEvent } from "../../../src/model/event-builders.ts";
import { packRecord, unpackRecord } from "../../../src/outbox/packed-record.ts";
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

/** Unix ms of the property's records. */
const now = 1_800_000_000_000;

it("a packed record is read back as it was, whatever its texts hold", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("|", "1|2|3", '"', "\u2028"));
  fc.assert(
    fc.property(text, text, text, fc.oneof(text, fc.nat()), fc.nat(), (actor, target, id, rid, attempts) => {
      const activity = activityOf({ actor: { address: actor, name: id }, target: [{ address: target }] });
      const outcomes = [{ address: target, status: "sent", id }] as const;
      const event = resultEvent(activity, rid, { status: "sent", outcomes, attempts, now });
      const packed = unpackRecord(`2|${"f".repeat(32)}|${now}|2|3|1|${packRecord(event)}`);
      expect(packed.result).toEqual(event);
      expect(packed).toMatchObject({
        acceptedAt: now,
        dueAt: now + 2,
        expiresAt: now + 3,
        rid,
        attempts,
        outcomes: event.target,
      });
    }),
  );
});

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

  it("keeps each part of the result, also where it is longer than usual", () => {
    const activity = activityOf({
      actor: { address: "bob", name: "Bob" },
      target: [{ address: "a|b\nc" }, { address: "two" }, { address: "three" }],
    });
    const outcomes = [
      { address: "a|b\nc", status: "sent", id: "<1@x>" },
      { address: "two", status: "sent" },
      { address: "three", status: "delivered" },
    ];
    for (const object of [{}, { id: "other" }, { items: [1] }]) {
      const facts = { status: "sent", outcomes, attempts: 3, object, now: 1_795_000_000_123 } as const;
      const event = resultEvent(activity, "r", facts);
      const times = "1795000000000|5|60000|17";
      const notes = '["d",1795000000001,1,1795000000002]\n["r",1795000000003,"read",["two"]]';
      const record = unpackRecord(`2|${"f".repeat(32)}|${times}|${packRecord(event)}\n${notes}`);
      expect(record).toMatchObject({
        acceptedAt: 1_795_000_000_000,
        dueAt: 1_795_000_000_005,
        expiresAt: 1_795_000_060_000,
        committedAt: 1_795_000_000_017,
        notes: [
          { step: "deferred", at: 1_795_000_000_001, attempts: 1, retryAt: 1_795_000_000_002 },
          { step: "receipt", at: 1_795_000_000_003, status: "read", target: ["two"] },
        ],
      });
      expect(record.result).toEqual(event);
    }
  });

  it("is read as older versions wrote it", () => {
    const fields = ["r", "01ID", "email", "send", { address: "bob" }, [{ address: "foo", status: "sent", id: "x" }], 1];
    const json = JSON.stringify([...fields, "2026-01-02T03:04:05.678Z", { id: "x", body: "a|b" }]);
    const record = unpackRecord(`1|${"f".repeat(32)}|1795000000000|1795000000001|1795000000002|${json}`);
    expect(record).toMatchObject({ acceptedAt: 1_795_000_000_000, expiresAt: 1_795_000_000_002, notes: [] });
    expect(record.committedAt).toBeUndefined();
    expect(record.result).toMatchObject({
      actor: { address: "bob" },
      target: [{ address: "foo", status: "sent", id: "x" }],
      object: { id: "x", body: "a|b" },
      published: "2026-01-02T03:04:05.678Z",
    });
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
    // A zombie with the fence of the lane's head, whose own activity ended long ago.
    const zombie = { ...claimed.item, activity };
    expect(await outbox.commit(zombie, { ...event, type: "status", status: "sending" })).toBe("lost");
    expect(await outbox.complete(zombie, event)).toEqual({ kind: "lost" });
    await outbox.releaseLane(zombie);
    expect(await outbox.claim("app1", entry.lane)).toMatchObject({
      item: { activity: { rid: "next" }, claimCount: 1 },
    });
  });
});
