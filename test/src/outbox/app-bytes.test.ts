import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisAccounts } from "../../../src/accounts/redis-accounts.ts";
import { redisRevocations } from "../../../src/apps/revocations.ts";
import { redisTickets } from "../../../src/apps/tickets.ts";
import { redisConsents } from "../../../src/consents/redis-consents.ts";
import { keyring } from "../../../src/crypto/keyring.ts";
import { redisEventLog } from "../../../src/event-log/redis-event-log.ts";
import { accountId } from "../../../src/model/account-id.ts";
import type { Activity } from "../../../src/model/activity.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { byteReservations } from "../../../src/redis/byte-reservations.ts";
import { keys } from "../../../src/redis/keys.ts";
import { appShareOf } from "../../../src/redis/server-facts.ts";
import { activityOf, endOf, entryOf } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { result } from "../streaming/tail-fixture.ts";

const MAX_BYTES = 100_000;
const maxBytes = () => MAX_BYTES;

let server: TestRedis;
let redis: ReturnType<TestRedis["connect"]>;

beforeAll(async () => {
  server = await testRedis();
  redis = server.connect();
});
afterAll(() => server.stop());

const storedBytes = async (app: string) => Number((await redis.hget(keys.counts(app), "bytes")) ?? 0);

describe("an app's share of bytes", () => {
  const attachment = (bytes: number) => new Map([["0", Buffer.alloc(bytes)]]);
  const outbox = () => redisOutbox({ redis, quota: 100, maxBytes, eventsKept: 1_000, retentionSeconds: 60 });

  it("refuses scheduled activities with attachments above the share, without effect on other apps", async () => {
    const box = outbox();
    const dueAt = Date.now() + 300 * 86_400_000;
    const accept = async (app: string, rid: string) =>
      (await box.accept(entryOf(app, activityOf({ rid }), { dueAt, blobs: attachment(40_000) }))).outcome;
    expect(await accept("full", "r1")).toBe("accepted");
    expect(await accept("full", "r2")).toBe("accepted");
    expect(await accept("full", "r3")).toBe("quota-exceeded");
    expect(await accept("full", "r1")).toBe("replayed");
    expect(await accept("other", "r1")).toBe("accepted");
  });

  it("frees bytes when an activity ends; kept attachments count until they expire", async () => {
    const box = outbox();
    const entry = entryOf("ending", activityOf({ rid: "r1" }), { blobs: attachment(90_000) });
    await box.accept(entry);
    await box.finalize("ending", "r1", entry.lane, endOf(entry.activity, "cancelled"));
    const stored = await storedBytes("ending");
    expect(stored).toBeGreaterThan(90_000);
    expect(stored).toBeLessThan(92_000);
    const second = () => box.accept(entryOf("ending", activityOf({ rid: "r2" }), { blobs: attachment(90_000) }));
    expect((await second()).outcome).toBe("quota-exceeded");
    const [member = ""] = await redis.zrange(keys.keptBytes("ending"), "0", "-1");
    await redis.zadd(keys.keptBytes("ending"), `${Date.now() - 1}`, member);
    expect((await second()).outcome).toBe("accepted");
  });

  it("counts what is kept of finished activities, about as much as Redis needs, until it expires", async () => {
    const box = redisOutbox({ redis, quota: 5_000, eventsKept: 100, retentionSeconds: 60 });
    const memory = async () => Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
    const sendOne = async (rid: string) => {
      const entry = entryOf("sent-app", activityOf({ rid, object: { body: "x".repeat(2_000) } }));
      await box.accept(entry);
      const claimed = await box.claim("sent-app", entry.lane);
      if (claimed.kind !== "item") throw new Error("nothing was claimed");
      await box.complete(claimed.item, endOf(entry.activity, "sent"));
    };
    // Fills the log and other structures, which do not grow any more afterwards.
    for (let count = 0; count < 300; count++) await sendOne(`first${count}`);
    const [before, counted] = [await memory(), await storedBytes("sent-app")];
    for (let count = 0; count < 1_000; count++) await sendOne(`then${count}`);
    const [used, grown] = [(await memory()) - before, (await storedBytes("sent-app")) - counted];
    expect(grown).toBeGreaterThan(0.7 * used);
    expect(grown).toBeLessThan(2 * used);
    for (const member of await redis.zrange(keys.keptBytes("sent-app"), "0", "-1")) {
      await redis.zadd(keys.keptBytes("sent-app"), 1, member);
    }
    await redisOutbox({ redis, quota: 5_000, maxBytes: () => 1, eventsKept: 100, retentionSeconds: 60 }).accept(
      entryOf("sent-app", activityOf()),
    );
    expect(await storedBytes("sent-app")).toBeLessThan(2_000);
  });

  it("keeps finished activities for 10 minutes only while more than half of the share is used", async () => {
    const box = redisOutbox({ redis, quota: 100, maxBytes, eventsKept: 100, retentionSeconds: 86_400 });
    const cancelled = async (rid: string, bytes: number) => {
      const entry = entryOf("crowded", activityOf({ rid }), { blobs: attachment(bytes) });
      expect((await box.accept(entry)).outcome).toBe("accepted");
      await box.finalize("crowded", rid, entry.lane, endOf(entry.activity, "cancelled"));
      return redis.ttl(keys.record("crowded", rid));
    };
    expect(await cancelled("r1", 40_000)).toBeGreaterThan(86_000);
    expect(await cancelled("r2", 20_000)).toBeGreaterThan(86_000);
    expect(await cancelled("r3", 100)).toBeLessThanOrEqual(600);
    const others = entryOf("roomy", activityOf({ rid: "r1" }));
    await box.accept(others);
    await box.finalize("roomy", "r1", others.lane, endOf(others.activity, "cancelled"));
    expect(await redis.ttl(keys.record("roomy", "r1"))).toBeGreaterThan(86_000);
  });

  it("is one of numbers, too: an app with its quota of unfinished activities leaves another app's accepted", async () => {
    const box = redisOutbox({ redis, quota: 5, eventsKept: 1_000, retentionSeconds: 60 });
    const accept = async (app: string) => (await box.accept(entryOf(app, activityOf()))).outcome;
    for (let count = 0; count < 5; count++) expect(await accept("many")).toBe("accepted");
    expect(await accept("many")).toBe("quota-exceeded");
    expect(await accept("few")).toBe("accepted");
  });

  it("counts accounts by their sealed size, also when replaced and deleted", async () => {
    const ring = await keyring({ path: join(server.dir, "master.key"), opens: true });
    const accounts = redisAccounts({ redis, keyring: ring, maxBytes });
    const put = (address: string, length: number) =>
      accounts.put("logins", { platform: "email", address, credentials: { password: "x".repeat(length) } });
    await put("a@b.c", 60_000);
    await expect(put("d@e.f", 60_000)).rejects.toThrow(/share of the store is full/);
    await put("a@b.c", 10);
    await put("d@e.f", 60_000);
    await accounts.remove("logins", accountId("email", "a@b.c"));
    await accounts.remove("logins", accountId("email", "d@e.f"));
    expect(await storedBytes("logins")).toBe(0);
  });

  it("is an eighth of Redis' memory, and never too small for the largest activity", () => {
    expect(appShareOf({ memoryLimit: 8 * 1024 ** 3 })).toBe(1024 ** 3);
    expect(appShareOf({ memoryLimit: 1024 })).toBe(16 * 1024 ** 2);
    expect(appShareOf(undefined)).toBe(16 * 1024 ** 2);
  });
});

describe("an app's event log", () => {
  it("is bounded by bytes and by entries", async () => {
    const log = redisEventLog({ redis, eventsKept: 100 });
    const event = result("r1", { target: [{ address: "x".repeat(60_000), status: "sent" }] });
    for (let count = 0; count < 60; count++) await log.append("large", event);
    const bytes = await redis.memory("USAGE", keys.log("large"), "SAMPLES", "0");
    expect(Number(bytes)).toBeLessThan(2.5 * 1024 * 1024);
    expect((await log.bounds("large")).isTrimmed).toBe(true);
  });
});

describe("the user of a token", () => {
  const outbox = () => redisOutbox({ redis, quota: 200, maxBytes, eventsKept: 1_000, retentionSeconds: 60 });

  it("has a tenth of the app's unfinished activities and leaves the rest to the app and other users", async () => {
    const box = outbox();
    const accept = (more: Partial<Parameters<typeof entryOf>[2]> = {}) => {
      const activity = activityOf();
      return { activity, answer: box.accept(entryOf("token-app", activity, more)) };
    };
    const page = { tokenUser: "sub:page" };
    const taken = Array.from({ length: 25 }, () => accept(page));
    const outcomes = await Promise.all(taken.map(async ({ answer }) => (await answer).outcome));
    expect(outcomes.filter((outcome) => outcome === "accepted")).toHaveLength(20);
    expect(outcomes.slice(20)).toEqual(Array.from({ length: 5 }, () => "quota-exceeded"));
    expect((await accept({ tokenUser: "sub:other" }).answer).outcome).toBe("accepted");
    expect((await accept().answer).outcome).toBe("accepted");
    const [first] = taken;
    if (first === undefined) throw new Error("nothing was accepted");
    const { lane } = entryOf("token-app", first.activity);
    await box.finalize("token-app", first.activity.rid, lane, endOf(first.activity, "cancelled"));
    expect((await accept(page).answer).outcome).toBe("accepted");
    expect((await accept(page).answer).outcome).toBe("quota-exceeded");
  });

  it("has a tenth of the app's bytes beyond its first activity, and is forgotten when all have ended", async () => {
    const box = outbox();
    const accept = async (activity: Activity, tokenUser: string) =>
      (await box.accept(entryOf("token-bytes", activity, { tokenUser, blobs: new Map([["0", Buffer.alloc(20_000)]]) })))
        .outcome;
    const activity = activityOf();
    expect(await accept(activity, "sub:page")).toBe("accepted");
    expect(await accept(activityOf(), "sub:page")).toBe("quota-exceeded");
    expect(await accept(activityOf(), "sub:other")).toBe("accepted");
    const { lane } = entryOf("token-bytes", activity);
    await box.finalize("token-bytes", activity.rid, lane, endOf(activity, "cancelled"));
    const left = await redis.hgetall(`${keys.counts("token-bytes")}:tokens`);
    expect(Object.keys(left).every((field) => field.startsWith("sub:other"))).toBe(true);
  });
});

describe("tickets", () => {
  it("are limited in bytes a minute for each key", async () => {
    const tickets = redisTickets({ redis });
    const claims = { iat: 0, exp: 1, sub: "x".repeat(250), actors: Array.from({ length: 100 }, () => "a".repeat(500)) };
    const issued = Array.from({ length: 200 }, () => tickets.issue({ ...claims, keyId: "greedy", app: "app1" }));
    const outcomes = await Promise.allSettled(issued);
    expect(outcomes.some(({ status }) => status === "rejected")).toBe(true);
    await expect(tickets.issue({ ...claims, keyId: "modest", app: "app1" })).resolves.toMatch(/^dgt_/);
  });

  it("count in the app's bytes, with their sessions, until these end", async () => {
    const bytes = byteReservations({ redis, maxBytes: () => 10_000 });
    const tickets = redisTickets({ redis, bytes });
    const issue = (app: string) => tickets.issue({ iat: 0, exp: 1, keyId: `key of ${app}`, app });
    const redeemed = await issue("ticket-app");
    const one = await storedBytes("ticket-app");
    await tickets.redeem(redeemed, undefined);
    expect(await storedBytes("ticket-app")).toBe(one);
    const issued = await Promise.allSettled(Array.from({ length: 100 }, () => issue("ticket-app")));
    const refused = issued.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    expect(refused[0]).toMatchObject({ code: "quota-exceeded" });
    expect(await storedBytes("ticket-app")).toBeLessThanOrEqual(10_000);
    await expect(issue("modest-app")).resolves.toMatch(/^dgt_/);
    // When the unredeemed tickets have expired only the session's bytes are left.
    const kept = keys.keptBytes("ticket-app");
    const expiries = await redis.zrangebyscore(kept, "-inf", "+inf", "WITHSCORES");
    const firstExpiry = Math.min(...expiries.filter((_, position) => position % 2 === 1).map(Number));
    for (const entry of await redis.zrangebyscore(kept, 0, firstExpiry + 600_000)) await redis.zadd(kept, 1, entry);
    await issue("ticket-app");
    expect(await storedBytes("ticket-app")).toBe(2 * one);
  });
});

describe("consents", () => {
  it("that users have not finished count in the app's bytes", async () => {
    const ring = await keyring({ path: join(server.dir, "master.key"), opens: true });
    const bytes = byteReservations({ redis, maxBytes: () => 10_000 });
    const consents = redisConsents({ redis, keyring: ring, bytes });
    const begin = (app: string) =>
      consents.begin(
        { app, platform: "test", redirectUri: "https://gateway.test/" },
        {},
        () => "https://network.test/",
      );
    const begun = await Promise.allSettled(Array.from({ length: 50 }, () => begin("consent-app")));
    const refused = begun.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    expect(refused[0]).toMatchObject({ code: "quota-exceeded" });
    expect(await storedBytes("consent-app")).toBeLessThanOrEqual(10_000);
    await expect(begin("modest-app")).resolves.toMatchObject({ url: "https://network.test/" });
  });
});

describe("revocations", () => {
  it("are limited for each app by the hour", async () => {
    const revocations = redisRevocations({ redis, appendControl: async () => undefined });
    const hour = Math.floor(Date.now() / 3_600_000);
    for (const counted of [hour, hour + 1]) await redis.set(keys.revocationCount("greedy-app", counted), 10_000);
    await expect(revocations.revoke("greedy-app", { jti: "one" })).rejects.toMatchObject({ code: "rate-limited" });
    await expect(revocations.revoke("modest-app", { jti: "one" })).resolves.toBeUndefined();
  });
});
