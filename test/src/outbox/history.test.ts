import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisHistory } from "../../../src/outbox/history.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { keys } from "../../../src/redis/keys.ts";
import { activityOf, endOf, entryOf } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

let apps = 0;
function fixture(maxEntries = 1_000) {
  const app = `app${++apps}`;
  const redis = server.connect();
  const deps = { redis, eventsKept: 1_000, retentionSeconds: 60 };
  const outbox = redisOutbox({ ...deps, quota: 10_000, maxHistory: maxEntries });
  const history = redisHistory({ ...deps, maxEntries });
  const accept = (rid: string, object: object = { body: "Hi" }) =>
    outbox.accept(entryOf(app, activityOf({ rid, object: { ...object } })));
  const rids = async (range = {}, size = 100) => (await history.page(app, range, size)).entries.map(({ rid }) => rid);
  /** Sets the time of entries. */
  const put = (...entries: ReadonlyArray<readonly [ms: number, rid: string]>) =>
    redis.zadd(keys.history(app), ...entries.flatMap(([ms, rid]) => [String(ms), rid]));
  return { app, redis, outbox, history, accept, rids, put };
}

describe("history", () => {
  it("lists what was accepted, once each, newest first, with its record", async () => {
    const { app, outbox, history, accept } = fixture();
    await accept("first");
    await accept("second");
    await accept("first");
    const page = await history.page(app, {}, 10);
    expect(page.isEnd).toBe(true);
    expect(page.entries.map(({ rid }) => rid).sort()).toEqual(["first", "second"]);
    for (const { rid, record } of page.entries) expect(record).toEqual(await outbox.find(app, rid));
  });

  it("lists unfinished, sent and failed activities alike", async () => {
    const { app, outbox, history } = fixture();
    for (const [rid, status] of [["waits"], ["went", "sent"], ["broke", "failed"]] as const) {
      const activity = activityOf({ rid });
      const entry = entryOf(app, activity);
      await outbox.accept(entry);
      if (status !== undefined) await outbox.finalize(app, rid, entry.lane, endOf(activity, status));
    }
    const { entries } = await history.page(app, {}, 10);
    const statuses = Object.fromEntries(entries.map(({ rid, record }) => [rid, record?.status]));
    expect(statuses).toEqual({ waits: "queued", went: "sent", broke: "failed" });
  });

  it("continues after any entry, also among those of one millisecond, and after one that is gone", async () => {
    const { app, redis, rids, put } = fixture();
    await put([10, "a"], [20, "b"], [20, "c"], [20, "d"], [30, "e"]);
    expect(await rids()).toEqual(["e", "d", "c", "b", "a"]);
    for (const [after, expected] of [
      [{ acceptedAt: 30, rid: "e" }, ["d", "c", "b", "a"]],
      [{ acceptedAt: 20, rid: "c" }, ["b", "a"]],
      [{ acceptedAt: 20, rid: "b" }, ["a"]],
      [{ acceptedAt: 10, rid: "a" }, []],
    ] as const) {
      expect(await rids({ after })).toEqual(expected);
    }
    await redis.zrem(keys.history(app), "c");
    expect(await rids({ after: { acceptedAt: 20, rid: "c" } })).toEqual(["b", "a"]);
  });

  it("is limited to a range of times, both ends included", async () => {
    const { rids, put } = fixture();
    await put([10, "a"], [20, "b"], [30, "c"], [40, "d"]);
    expect(await rids({ since: 20, until: 30 })).toEqual(["c", "b"]);
    expect(await rids({ since: 20, until: 30, after: { acceptedAt: 30, rid: "c" } })).toEqual(["b"]);
    expect(await rids({ until: 5 })).toEqual([]);
  });

  it("ends a page early where records are large, and goes on there", async () => {
    const { app, history, accept } = fixture();
    const large = { body: "x".repeat(300_000) };
    for (const rid of ["r1", "r2", "r3"]) await accept(rid, large);
    const first = await history.page(app, {}, 100);
    expect({ count: first.entries.length, isEnd: first.isEnd }).toEqual({ count: 2, isEnd: false });
    const after = first.entries[1];
    const rest = await history.page(app, after === undefined ? {} : { after }, 100);
    expect([...first.entries, ...rest.entries].map(({ rid }) => rid).sort()).toEqual(["r1", "r2", "r3"]);
  });

  it("keeps the newest entries only", async () => {
    const { app, redis, accept, rids, put } = fixture(3);
    await put([1, "old1"], [2, "old2"]);
    await accept("new1");
    await accept("new2");
    expect(await rids()).toHaveLength(3);
    expect(await redis.zrange(keys.history(app), "0", "0")).toEqual(["old2"]);
  });

  it("is not written where it is off, and then trimming removes it", async () => {
    const { app, redis, history, accept, put } = fixture(0);
    await accept("unlisted");
    expect(await redis.exists(keys.history(app))).toBe(0);
    await put([1, "left"]);
    await history.trim(app);
    expect(await redis.exists(keys.history(app))).toBe(0);
  });

  it("loses entries without a record when trimmed, however many stay before them", async () => {
    const { app, redis, history, rids, put, accept } = fixture(10_000);
    await accept("lives");
    const old = Array.from({ length: 1_200 }, (_, index): readonly [number, string] => [1_000 + index, `r${index}`]);
    await put(...old, [1, "lives"]);
    // Every third activity is unfinished for long.
    const kept = old.filter((_, index) => index % 3 === 0).map(([, rid]) => rid);
    for (const rid of kept) await redis.hset(keys.record(app, rid), "id", "x");
    await history.trim(app);
    expect((await rids({}, 2_000)).sort()).toEqual([...kept, "lives"].sort());
  });
});
