import { afterAll, beforeAll, expect, test } from "vitest";
import { compareIds, parseCursor } from "../../../src/event-log/cursor.ts";
import { keys } from "../../../src/redis/keys.ts";
import { awaitResult } from "../../../src/streaming/await-result.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { followLive, recorder, result, session, stream } from "./tail-fixture.ts";

let redis: TestRedis;
const tails: Array<{ close: () => Promise<void> }> = [];
const begin = (eventsKept?: number) => {
  const fixture = stream(redis, eventsKept);
  tails.push(fixture.tail);
  return fixture;
};
beforeAll(async () => {
  redis = await testRedis();
});
afterAll(async () => {
  await Promise.all(tails.map((tail) => tail.close()));
  await redis.stop();
});

test("an event reaches a listener of an app without a log, and its cursor resumes exactly", async () => {
  const { log, tail } = begin();
  const a = await followLive(tail, { app: "new" });
  expect(a.gaps).toEqual([]);
  const first = await log.append("new", result("r1"));
  await a.count(1);
  expect(a.cursors).toEqual([first]);
  const b = await followLive(tail, { app: "new", after: a.start().cursor });
  expect([b.rids, b.gaps, b.start().gap]).toEqual([["r1"], [], undefined]);
  const c = await followLive(tail, { app: "new", after: first });
  expect(c.rids).toEqual([]);
});

test("the position of an app without a log is valid in another process later", async () => {
  const first = begin();
  const second = begin();
  const a = await followLive(first.tail, { app: "later" });
  for (const rid of ["a", "b", "c"]) await first.log.append("later", result(rid));
  const b = await followLive(second.tail, { app: "later", after: a.start().cursor });
  expect([b.rids, b.start().gap]).toEqual([["a", "b", "c"], undefined]);
});

test("a long history is replayed in order and joins live events without a gap", async () => {
  const { log, tail } = begin();
  const all = Array.from({ length: 2_500 }, (_, i) => `n${i}`);
  const from = (await log.bounds("long")).last;
  const epoch = (await log.bounds("long")).epoch;
  await Promise.all(all.slice(0, 1_500).map((rid) => log.append("long", result(rid))));
  const seen = recorder();
  await tail.subscribe({ app: "long", after: `${epoch}.${from}` }, seen.follower);
  await Promise.all(all.slice(1_500).map((rid) => log.append("long", result(rid))));
  await seen.count(2_500);
  expect(seen.rids).toEqual(all);
  const ids = seen.cursors.map((cursor) => parseCursor(cursor)?.id as string);
  expect(ids.every((id, i) => i === 0 || compareIds(ids[i - 1] as string, id) < 0)).toBe(true);
  expect(seen.gaps).toEqual([]);
});

test("a crash and restart of Redis loses and repeats no event", async () => {
  const { log, tail } = begin();
  const a = await followLive(tail, { app: "phoenix" });
  const sent: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 20; i++) {
      await log.append("phoenix", result(`${round}-${i}`));
      sent.push(`${round}-${i}`);
    }
    await redis.kill();
    await redis.start();
  }
  await log.append("phoenix", result("end"));
  await a.until(() => a.rids.at(-1) === "end");
  expect(a.rids).toEqual([...sent, "end"]);
  expect(a.gaps).toEqual([]);
});

test("a recreated log is a gap to listeners, followed by its events", async () => {
  const { control, log, tail } = begin();
  const a = await followLive(tail, { app: "anew" });
  const old = await log.append("anew", result("old"));
  await a.count(1);
  await control.del(keys.log("anew"), keys.epoch("anew"));
  const cursor = await log.append("anew", result("young"));
  await a.count(2);
  expect(a.gaps).toHaveLength(1);
  expect(a.gaps[0]?.requested).toBe(old);
  expect(a.cursors[1]).toBe(cursor);
  const b = await followLive(tail, { app: "anew", after: old });
  expect(b.start().gap?.requested).toBe(old);
  expect(b.rids).toEqual([]);
});

test("trimmed, future, foreign and unreadable cursors are gaps; the first kept entry is not", async () => {
  const { control, log, tail } = begin();
  const cursors: string[] = [];
  for (const rid of ["a", "b", "c", "d"]) cursors.push(await log.append("gaps", result(rid)));
  await control.xtrim(keys.log("gaps"), "MAXLEN", 2);
  const ask = async (after: string) => {
    const seen = await followLive(begin().tail, { app: "gaps", after });
    seen.following.stop();
    return { gap: seen.start().gap, rids: seen.rids };
  };
  expect((await ask(cursors[0] as string)).gap).toMatchObject({
    requested: cursors[0],
    earliest: cursors[2],
    latest: cursors[3],
  });
  expect((await ask(cursors[1] as string)).gap).toBeDefined();
  expect(await ask(cursors[2] as string)).toEqual({ gap: undefined, rids: ["d"] });
  const epoch = parseCursor(cursors[0] as string)?.epoch;
  expect((await ask(`${epoch}.99999999999999-0`)).gap).toBeDefined();
  expect((await ask((cursors[3] as string).replace(/^[^.]*/, "other"))).gap).toBeDefined();
  expect((await ask("nonsense\u0000")).gap).toEqual({ earliest: cursors[2], latest: cursors[3] });
  expect((await ask("earliest")).rids).toEqual(["c", "d"]);
  expect((await ask("latest")).rids).toEqual([]);
  void tail;
});

test("a cursor of another app is a gap and reveals no event", async () => {
  const { log, tail } = begin();
  const ownId = await log.append("mine", result("mine-1"));
  await log.append("yours", result("yours-1"));
  const seen = await followLive(tail, { app: "yours", after: ownId });
  expect(seen.start().gap?.requested).toBe(ownId);
  await log.append("mine", result("mine-2"));
  await log.append("yours", result("yours-2"));
  await seen.count(1);
  expect(seen.rids).toEqual(["yours-2"]);
});

test("entries that were trimmed before a slow process read them are a gap", async () => {
  const { control, log, tail } = begin(10);
  const seen = await followLive(tail, { app: "flood" });
  const multi = control.multi();
  for (let i = 0; i < 1_000; i++) {
    multi.xadd(keys.log("flood"), "MAXLEN", 10, "*", "e", JSON.stringify(result(`f${i}`)));
  }
  await multi.exec();
  await seen.until(() => seen.gaps.length > 0);
  await log.append("flood", result("after"));
  await seen.until(() => seen.rids.at(-1) === "after");
  expect(seen.gaps).toHaveLength(1);
});

test("filters and a token's limits apply together", async () => {
  const { log, tail } = begin();
  const all = await followLive(tail, { app: "f" });
  const rid = await followLive(tail, { app: "f", filter: { rids: ["2"] } });
  const type = await followLive(tail, { app: "f", filter: { types: ["session"] } });
  const platform = await followLive(tail, { app: "f", filter: { platforms: ["irc"] } });
  const actor = await followLive(tail, { app: "f", filter: { actors: ["ALICE@example.com"] } });
  const limited = await followLive(tail, { app: "f", limits: { actors: ["alice@example.com"], verbs: ["send"] } });
  const none = await followLive(tail, { app: "f", limits: { platforms: [] } });
  const both = await followLive(tail, {
    app: "f",
    filter: { actors: ["bob@example.com"] },
    limits: { actors: ["alice@example.com"] },
  });
  await log.append("f", result("1"));
  await log.append("f", result("2", { actor: { address: "Alice@example.com" }, platform: "irc" }));
  await log.append("f", session("alice@example.com"));
  await log.append("f", {
    type: "activity",
    platform: "email",
    verb: "send",
    actor: { address: "stranger@example.net" },
    target: [{ address: "alice@example.com" }],
    object: {},
    published: "2026-01-01T00:00:00.000Z",
    received: "2026-01-01T00:00:00.000Z",
  });
  await all.count(4);
  expect(rid.rids).toEqual(["2"]);
  expect(type.rids).toEqual(["session"]);
  expect(platform.rids).toEqual(["2", "session"]);
  expect(actor.rids).toEqual(["2", "session", "activity"]);
  expect(limited.rids).toEqual(["2", "activity"]);
  expect(none.rids).toEqual([]);
  expect(both.rids).toEqual([]);
  expect(none.following.position()).toBe(all.cursors[3]);
});

test("a revocation reaches every listener, also one that joins directly afterwards", async () => {
  const { log, tail } = begin();
  const a = await followLive(tail, { app: "r", filter: { rids: ["x"] } });
  await log.appendControl("r", { jti: "t1" });
  await a.until(() => a.controls.length > 0);
  const b = await followLive(begin().tail, { app: "r" });
  expect([a.controls, b.controls, b.rids]).toEqual([[{ jti: "t1" }], [{ jti: "t1" }], []]);
});

test("many apps that join at once are read by one reader", async () => {
  const { log, tail } = begin();
  const apps = Array.from({ length: 60 }, (_, i) => `many${i}`);
  const followers = await Promise.all(apps.map((app) => followLive(tail, { app })));
  await Promise.all(apps.map((app) => log.append(app, result(`${app}-1`))));
  await Promise.all(followers.map((seen) => seen.count(1)));
  expect(followers.map((seen) => seen.rids)).toEqual(apps.map((app) => [`${app}-1`]));
});

test("an awaited result reaches a caller that registered before", async () => {
  const { log, tail } = begin();
  const waiting = awaitResult(tail, "w", "7");
  await waiting.ready;
  await log.append("w", { ...result("7"), type: "status", status: "sending" });
  const cursor = await log.append("w", result("7", { status: "failed" }));
  await expect(waiting.result).resolves.toMatchObject({ rid: "7", status: "failed", cursor });
});

test("trimming by age drops older entries", async () => {
  const { control, log } = begin();
  await control.xadd(keys.log("old"), "1000-0", "e", JSON.stringify(result("ancient")));
  await control.set(keys.epoch("old"), "abc");
  await log.append("old", result("new"));
  expect(await log.trim("old", 24)).toBe(1);
  const page = await log.range("old", "0-0", 10);
  expect(page.entries).toHaveLength(1);
  expect(page.isTrimmed).toBe(true);
});

test("subscribing is refused at once while Redis is down, and works afterwards", async () => {
  const { tail, log } = begin();
  await redis.kill();
  await expect(tail.subscribe({ app: "away" }, recorder().follower)).rejects.toMatchObject({
    name: "EventLogUnavailable",
  });
  await redis.start();
  await log.bounds("away");
  const seen = await followLive(tail, { app: "away" });
  await log.append("away", result("back"));
  await seen.count(1);
  expect(seen.rids).toEqual(["back"]);
});
