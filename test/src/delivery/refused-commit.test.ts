import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { ClientCache } from "../../../src/delivery/client-cache.ts";
import { CrashIsolation } from "../../../src/delivery/crash-isolation.ts";
import { deliverer } from "../../../src/delivery/deliver.ts";
import { silentLog } from "../../../src/model/log.ts";
import type { LaneItem, LaneState } from "../../../src/outbox/outbox.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import type { VerbContext } from "../../../src/platform/platform.ts";
import { keys } from "../../../src/redis/keys.ts";
import { activityOf, endOf, entryOf, noEgress, sendingOf } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { sentTo, testPlatform } from "../../support/test-platform.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterEach(() => server.connect().flushall());
afterAll(() => server.stop());

/** Outbox without a sweep, and a platform that awaits `before` ahead of its commit. */
function setUp(before: (work: VerbContext) => Promise<unknown>) {
  const redis = server.connect();
  const outbox = redisOutbox({ redis, quota: 100, eventsKept: 1_000, retentionSeconds: 60 });
  const accounts = {
    versionOf: async () => undefined,
    credentialsOf: async () => undefined,
    update: async () => undefined,
  };
  const pool = new ClientCache({ accounts, egress: noEgress, log: silentLog });
  const isolation = new CrashIsolation({ outbox, log: silentLog });
  const deliver = deliverer({ outbox, isolation, clients: pool, egress: noEgress, log: silentLog });
  let effects = 0;
  const platform = testPlatform(async (activity, context) => {
    await before(context);
    await context.commit();
    effects += 1;
    return sentTo(activity);
  });
  const carryOut = (work: LaneItem): Promise<LaneState> => deliver(platform, work, new AbortController().signal);
  return { redis, outbox, carryOut, effects: () => effects };
}

const workOf = (next: LaneState): LaneItem => {
  if (next.kind !== "item") throw new Error(`There is no work: ${next.kind}`);
  return next.item;
};

it("a worker that lost its lane during an attempt stops without disturbing the new owner", async () => {
  const { outbox, carryOut, effects } = setUp(() => Promise.resolve());
  const entry = entryOf("app1", activityOf());
  await outbox.accept(entry);
  const first = workOf(await outbox.claim("app1", entry.lane));
  const second = workOf(await outbox.claim("app1", entry.lane));
  expect(await carryOut(first)).toEqual({ kind: "lost" });
  expect(effects()).toBe(0);
  expect(await carryOut(second)).toEqual({ kind: "empty" });
  expect(effects()).toBe(1);
  expect((await outbox.find("app1", entry.activity.rid))?.status).toBe("sent");
});

it("an activity that expires before its commit ends expired, unsent, and the lane continues", async () => {
  const { redis, outbox, carryOut, effects } = setUp(({ attempt }) => sleep(attempt === 1 ? 60 : 0));
  const late = entryOf("app1", activityOf(), { lifetimeMs: 40 });
  const next = entryOf("app1", activityOf());
  await outbox.accept(late);
  await outbox.accept(next);
  const after = workOf(await carryOut(workOf(await outbox.claim("app1", late.lane))));
  expect(after.activity.rid).toBe(next.activity.rid);
  expect(effects()).toBe(0);
  const stored = await outbox.find("app1", late.activity.rid);
  expect(stored).toMatchObject({ status: "expired", result: { error: { code: "expired" } } });
  const log = await redis.xrange(keys.log("app1"), "-", "+");
  expect(log.filter(([, fields]) => fields[1]?.includes('"result"'))).toHaveLength(1);
});

it("an activity cancelled before its commit is not sent and frees its lane", async () => {
  const cancelled = entryOf("app1", activityOf());
  const { outbox, carryOut, effects } = setUp(() =>
    outbox.finalize("app1", cancelled.activity.rid, cancelled.lane, endOf(cancelled.activity, "cancelled")),
  );
  const next = entryOf("app1", activityOf());
  await outbox.accept(cancelled);
  await outbox.accept(next);
  const after = workOf(await carryOut(workOf(await outbox.claim("app1", cancelled.lane))));
  expect(after.activity.rid).toBe(next.activity.rid);
  expect(effects()).toBe(0);
  expect((await outbox.find("app1", cancelled.activity.rid))?.status).toBe("cancelled");
});

it("a worker that lost its lane while its activity was ended leaves what the new owner sends alone", async () => {
  const { outbox } = setUp(() => Promise.resolve());
  const ended = entryOf("app1", activityOf());
  const next = entryOf("app1", activityOf());
  await outbox.accept(ended);
  await outbox.accept(next);
  const former = workOf(await outbox.claim("app1", ended.lane));
  await outbox.finalize("app1", ended.activity.rid, ended.lane, endOf(ended.activity, "cancelled"));
  const owned = workOf(await outbox.claim("app1", next.lane));
  expect(await outbox.commit(owned, sendingOf(owned))).toBe("committed");
  expect(await outbox.commit(former, sendingOf(former))).toBe("lost");
  expect(await outbox.complete(former, endOf(ended.activity, "failed"))).toEqual({ kind: "lost" });
  expect(await outbox.complete(owned, endOf(next.activity, "sent"))).toEqual({ kind: "empty" });
  expect((await outbox.find("app1", next.activity.rid))?.status).toBe("sent");
});

it("a commit whose answer a frozen process reads too late is checked again", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    const { outbox, carryOut, effects } = setUp(() => Promise.resolve());
    const entry = entryOf("app1", activityOf());
    await outbox.accept(entry);
    const frozen = workOf(await outbox.claim("app1", entry.lane));
    const commit = outbox.commit;
    let other: LaneState | undefined;
    outbox.commit = async (work, event) => {
      const answer = await commit(work, event);
      if (other) return answer;
      // Redis has answered, but this process reads the answer only after ten seconds, so another worker can take over.
      other = await outbox.claim("app1", entry.lane);
      vi.advanceTimersByTime(10_000);
      return answer;
    };
    expect(await carryOut(frozen)).toEqual({ kind: "lost" });
    expect(effects()).toBe(0);
    expect(workOf(other as unknown as LaneState).outcomeUncertain).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});
