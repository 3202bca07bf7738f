import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { laneParts } from "../../../src/model/lane.ts";
import type { DrainShard, LaneItem, Outbox } from "../../../src/outbox/outbox.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { keys } from "../../../src/redis/keys.ts";
import { activityOf, endOf, entryOf, sendingOf } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

const UNSHARED = { free: 1_000, appPerFree: 2, hostPerFree: 1, running: new Map<string, number>() };

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
beforeEach(async () => {
  await server.connect().flushall();
});
afterAll(() => server.stop());

async function acceptOne() {
  const outbox = redisOutbox({ redis: server.connect(), quota: 100, eventsKept: 100, retentionSeconds: 60 });
  const activity = activityOf();
  const entry = entryOf("app1", activity);
  const answer = await outbox.accept(entry);
  const shard = { tag: keys.tagOf("app1"), drain: laneParts(entry.lane).drain };
  return { outbox, activity, entry, shard, answer };
}

describe("shares of a claim", () => {
  const outboxOf = () => redisOutbox({ redis: server.connect(), quota: 2_000, eventsKept: 100, retentionSeconds: 60 });

  /** Accepts lanes of an app in one drain shard. */
  async function acceptLanes(outbox: Outbox, app: string, count: number, drain: string): Promise<void> {
    for (let index = 0, accepted = 0; accepted < count; index++) {
      const entry = entryOf(
        app,
        activityOf({ target: [{ address: `${app}${index}` }], actor: { address: `${index}` } }),
      );
      if (laneParts(entry.lane).drain !== drain) continue;
      await outbox.accept(entry);
      accepted += 1;
    }
  }

  it("let the lanes of an app without any under way pass those of one that has its share, however many wait", async () => {
    const outbox = outboxOf();
    const tag = keys.tagOf("noisy");
    const quiet = Array.from({ length: 1_000 }, (_, n) => `quiet${n}`).find((app) => keys.tagOf(app) === tag) ?? "";
    const shard: DrainShard = { tag, drain: "test:0" };
    await acceptLanes(outbox, "noisy", 500, shard.drain);
    await outbox.startDrain(shard, "only");
    const running = new Map([["noisy", 60]]);
    const shares = { free: 20, appPerFree: 2, hostPerFree: 1, running };
    expect(await outbox.claimReady(shard, "only", 10, shares)).toMatchObject({ items: [], isLimited: true });
    // As many lanes outstanding as the noisy app had, so that the order of the list does not help.
    await acceptLanes(outbox, quiet, 300, shard.drain);
    const claimed: string[] = [];
    for (let count = 0; count < 10 && claimed.length === 0; count++) {
      const answer = await outbox.claimReady(shard, "only", 10, shares);
      claimed.push(...(answer?.items ?? []).map(({ app }) => app));
    }
    expect(new Set(claimed)).toEqual(new Set([quiet]));
    const free = { ...shares, running: new Map<string, number>() };
    const all: string[] = [];
    for (let count = 0; count < 200 && all.length < 800 - claimed.length; count++) {
      const answer = await outbox.claimReady(shard, "only", 20, { ...free, free: 1_000 });
      all.push(...(answer?.items ?? []).map(({ app }) => app));
    }
    expect(all.length + claimed.length).toBe(800);
  });
});

describe("drainer of a shard", () => {
  it("is asked for by the first activity, and not again while it gives signs of life", async () => {
    const { outbox, shard, answer } = await acceptOne();
    expect(answer).toMatchObject({ outcome: "accepted", wake: { app: "app1", outstanding: 1 } });
    await outbox.startDrain(shard, "first");
    const more = Array.from({ length: 20 }, (_, index) => activityOf({ target: [{ address: `a${index}` }] }));
    const entries = more.map((activity) => entryOf("app1", activity));
    const sameShard = entries.filter(({ lane }) => laneParts(lane).drain === shard.drain);
    expect(sameShard.length).toBeGreaterThan(0);
    for (const entry of sameShard) expect(await outbox.accept(entry)).not.toHaveProperty("wake");
  });

  it("takes over the lanes of a drainer that died, which can't commit or complete any more", async () => {
    const { outbox, activity, shard } = await acceptOne();
    await outbox.startDrain(shard, "dead");
    const [before] = await claimed(outbox, shard, "dead");
    if (!before) throw new Error("nothing was ready");
    await outbox.startDrain(shard, "next");
    const [after] = await claimed(outbox, shard, "next");
    expect(after).toMatchObject({ activity: { rid: activity.rid }, claimCount: 2, outcomeUncertain: false });
    expect(await outbox.commit(before, sendingOf(before))).toBe("lost");
    expect(await outbox.complete(before, endOf(activity, "sent"))).toEqual({ kind: "lost" });
    expect(await outbox.claimReady(shard, "dead", 10, UNSHARED)).toBeUndefined();
  });

  it("does not end while a lane is ready or under way", async () => {
    const { outbox, activity, shard } = await acceptOne();
    await outbox.startDrain(shard, "only");
    expect(await outbox.finishDrain(shard, "only", false)).toBe("more");
    const [item] = await claimed(outbox, shard, "only");
    expect(await outbox.finishDrain(shard, "only", false)).toBe("more");
    if (!item) throw new Error("nothing was ready");
    expect(await outbox.complete(item, endOf(activity, "sent"))).toEqual({ kind: "empty" });
    expect(await outbox.finishDrain(shard, "only", false)).toBe("idle");
  });

  it("gets a lane of an older version's job once, also while the lane is under way", async () => {
    const { outbox, entry, shard } = await acceptOne();
    await outbox.startDrain(shard, "only");
    expect(await claimed(outbox, shard, "only")).toHaveLength(1);
    expect(await outbox.readyLane("app1", entry.lane)).toBeUndefined();
    expect(await claimed(outbox, shard, "only")).toEqual([]);
  });

  it("leaves a lane whose only activity is cancelled under way with its drainer, which claims what comes next", async () => {
    const { outbox, activity, entry, shard } = await acceptOne();
    await outbox.startDrain(shard, "only");
    const held = await claimOne(outbox, shard, "only");
    const cancelled = await outbox.finalize("app1", activity.rid, entry.lane, endOf(activity, "cancelled"));
    expect(cancelled).toEqual({ outcome: "ended" });
    const later = activityOf();
    expect(await outbox.accept(entryOf("app1", later))).not.toHaveProperty("wake");
    expect(await claimed(outbox, shard, "only")).toEqual([]);
    const next = await outbox.complete(held, endOf(activity, "sent"));
    expect(next).toMatchObject({ kind: "item", item: { activity: { rid: later.rid } } });
    if (next.kind !== "item") throw new Error("nothing is next");
    expect(await outbox.complete(next.item, endOf(later, "sent"))).toEqual({ kind: "empty" });
    expect(await server.connect().hgetall(keys.counts("app1"))).toMatchObject({ lanes: "0", outstanding: "0" });
  });

  it("gets a lane back that was released, under a new fence", async () => {
    const { outbox, shard } = await acceptOne();
    await outbox.startDrain(shard, "only");
    const first = await claimOne(outbox, shard, "only");
    await outbox.releaseLane(first);
    const second = await claimOne(outbox, shard, "only");
    expect(second.fence).not.toBe(first.fence);
    await outbox.releaseLane(first);
    expect(await claimed(outbox, shard, "only")).toEqual([]);
    expect(await outbox.commit(second, sendingOf(second))).toBe("committed");
  });

  it("gets a failed lane again from the sweep, after a pause", async () => {
    const { outbox, entry, shard } = await acceptOne();
    await outbox.startDrain(shard, "only");
    await outbox.releaseLane(await claimOne(outbox, shard, "only"), 60_000);
    expect(await claimed(outbox, shard, "only")).toEqual([]);
    expect(await outbox.finishDrain(shard, "only", false)).toBe("idle");
    await server.connect().zadd(keys.retries(shard.tag), 0, entry.lane);
    expect((await outbox.sweep(shard.tag)).wakes).toMatchObject([{ app: "app1", lane: entry.lane }]);
    await outbox.startDrain(shard, "next");
    expect(await claimed(outbox, shard, "next")).toHaveLength(1);
  });

  it("finds a lane whose claim's answer was lost, and none that it holds", async () => {
    const { outbox, entry, shard } = await acceptOne();
    await outbox.startDrain(shard, "only");
    await outbox.claimReady(shard, "only", 10, UNSHARED);
    expect(await outbox.restoreStrays(shard, "only", [entry.lane])).toBe(0);
    expect(await outbox.restoreStrays(shard, "other", [])).toBe(0);
    expect(await outbox.restoreStrays(shard, "only", [])).toBe(1);
    expect(await claimed(outbox, shard, "only")).toMatchObject([{ lane: entry.lane, claimCount: 1 }]);
  });

  it("counts no claim of a lane that it gave back, since its worker lives", async () => {
    const { outbox, shard } = await acceptOne();
    await outbox.startDrain(shard, "only");
    for (let count = 0; count < 3; count++) await outbox.releaseLane(await claimOne(outbox, shard, "only"));
    expect(await claimOne(outbox, shard, "only")).toMatchObject({ claimCount: 1 });
    await outbox.startDrain(shard, "next");
    expect(await claimOne(outbox, shard, "next")).toMatchObject({ claimCount: 2 });
  });

  it("loses a lane that a worker of an earlier version claimed meanwhile, and leaves it alone", async () => {
    const { outbox, activity, shard } = await acceptOne();
    await outbox.startDrain(shard, "only");
    const item = await claimOne(outbox, shard, "only");
    // Earlier versions keep the fence of a claim with the lane.
    await server.connect().set(keys.laneFence("app1", item.lane), String(Number(item.fence) + 1));
    expect(await outbox.commit(item, sendingOf(item))).toBe("lost");
    expect(await outbox.complete(item, endOf(activity, "sent"))).toEqual({ kind: "lost" });
    await outbox.releaseLane(item);
    expect(await claimed(outbox, shard, "only")).toEqual([]);
  });

  it("takes a lane from a worker of an earlier version, whose fence changes", async () => {
    const { outbox, activity, entry, shard } = await acceptOne();
    const redis = server.connect();
    const laneFence = keys.laneFence("app1", entry.lane);
    await redis.set(laneFence, "earlier");
    await outbox.startDrain(shard, "only");
    const item = await claimOne(outbox, shard, "only");
    expect(await redis.get(laneFence)).toBe(item.fence);
    expect(await outbox.commit(item, sendingOf(item))).toBe("committed");
    expect(await outbox.complete(item, endOf(activity, "sent"))).toEqual({ kind: "empty" });
    expect(await redis.exists(laneFence)).toBe(0);
  });

  it("goes on when its token ran out and nobody else has the shard", async () => {
    const { outbox, shard } = await acceptOne();
    await outbox.startDrain(shard, "only");
    await server.connect().del(keys.drainer(shard.tag, shard.drain));
    expect(await claimed(outbox, shard, "only")).toHaveLength(1);
    expect(await outbox.finishDrain(shard, "other", true)).toBe("lost");
  });

  it("says that lanes are left when it must end", async () => {
    const { outbox, shard } = await acceptOne();
    await outbox.startDrain(shard, "only");
    expect(await outbox.finishDrain(shard, "only", true)).toBe("more");
    expect(await claimed(outbox, shard, "next")).toHaveLength(1);
  });
});

async function claimOne(outbox: Outbox, shard: DrainShard, token: string): Promise<LaneItem> {
  const [item] = await claimed(outbox, shard, token);
  if (!item) throw new Error("nothing is ready");
  return item;
}

async function claimed(outbox: Outbox, shard: DrainShard, token: string): Promise<readonly LaneItem[]> {
  return (await outbox.claimReady(shard, token, 10, UNSHARED))?.items ?? [];
}
