import { readFile, stat } from "node:fs/promises";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFirstApp, firstAppKeyPath } from "../../../src/apps/first-app.ts";
import { keyCache } from "../../../src/apps/key-cache.ts";
import type { ApiKeyRecord } from "../../../src/apps/key-record.ts";
import { SCOPES } from "../../../src/model/caller.ts";
import { keys } from "../../../src/redis/keys.ts";
import { type AuthFixture, authFixture, dumpRedis } from "../../support/auth-fixture.ts";

let fixture: AuthFixture;
beforeAll(async () => {
  fixture = await authFixture();
});
afterAll(() => fixture.stop());

test("the first app is created once, with its key in a private file", async () => {
  const dataDir = `${fixture.redis.dir}/data`;
  const both = await Promise.all([createFirstApp({ ...fixture, dataDir }), createFirstApp({ ...fixture, dataDir })]);
  const [key] = both.filter((candidate) => candidate !== undefined);
  expect(both.filter((candidate) => candidate !== undefined)).toHaveLength(1);
  expect((await readFile(firstAppKeyPath(dataDir), "utf8")).trim()).toBe(key);
  expect((await stat(firstAppKeyPath(dataDir))).mode & 0o777).toBe(0o600);
  expect(await createFirstApp({ ...fixture, dataDir })).toBeUndefined();
});

test("a created app is found by its key id, and the key itself is nowhere in Redis", async () => {
  const { key, keyId, app } = await fixture.registry.createApp("shop", ["send"]);
  expect(await fixture.registry.find(keyId)).toMatchObject({ app, scopes: ["send"] });
  const everything = await dumpRedis(fixture.client);
  expect(everything).toContain(keyId);
  expect(everything).not.toContain(key);
  expect(everything).not.toContain(key.split("_")[2]);
});

test("a name is registered once, also by simultaneous requests", async () => {
  const results = await Promise.allSettled([
    fixture.registry.createApp("twin", SCOPES),
    fixture.registry.createApp("twin", SCOPES),
  ]);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  await expect(fixture.registry.createApp("", SCOPES)).rejects.toThrow(/name has/);
  await expect(fixture.registry.createApp("a\nb", SCOPES)).rejects.toThrow(/name has/);
});

test("an app has at most two live keys; a revoked key makes room and is noted in the log", async () => {
  const first = await fixture.registry.createApp("rotating", ["listen", "tokens"]);
  const second = await fixture.registry.rotate("rotating");
  expect((await fixture.registry.find(second.keyId))?.scopes).toEqual(["listen", "tokens"]);
  await expect(fixture.registry.rotate(first.app)).rejects.toThrow(/two live keys/);
  expect(await fixture.registry.revoke(first.keyId)).toEqual([first.keyId]);
  expect(fixture.controls.at(-1)).toEqual({ app: first.app, revocation: { keyId: first.keyId } });
  expect((await fixture.registry.find(first.keyId))?.revoked).toBeDefined();
  expect(await fixture.client.ttl(keys.apiKey(first.keyId))).toBeGreaterThan(86_400);
  const third = await fixture.registry.rotate("rotating");
  expect((await fixture.registry.revoke("rotating")).toSorted()).toEqual([second.keyId, third.keyId].toSorted());
  expect((await fixture.registry.list()).find(({ name }) => name === "rotating")?.keys).toEqual([]);
  await expect(fixture.registry.rotate("rotating")).rejects.toThrow(/scopes/);
  await expect(fixture.registry.revoke("nobody")).rejects.toThrow(/no such app/);
});

test("twenty simultaneous rotations leave two keys", async () => {
  const { app } = await fixture.registry.createApp("hasty", SCOPES);
  const done = await Promise.allSettled(Array.from({ length: 20 }, () => fixture.registry.rotate("hasty")));
  expect(done.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await fixture.client.scard(keys.appKeys(app))).toBe(2);
});

test("no looked-up id reaches another Redis key", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.constantFrom("{dgm}:apps", "x:y", "__proto__")), async (text) => {
      expect(await fixture.registry.find(text)).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});

test("a cached key is looked up again after 3 s, and guesses never displace it", async () => {
  const { keyId } = await fixture.registry.createApp("cached", SCOPES);
  const requests: string[] = [];
  let time = 0;
  const find = async (id: string): Promise<ApiKeyRecord | undefined> => {
    requests.push(id);
    return fixture.registry.find(id);
  };
  const cache = keyCache({ find, keyring: fixture.ring, now: () => time });
  const all = await Promise.all([cache(keyId), cache(keyId), cache(keyId)]);
  expect(new Set(all).size).toBe(1);
  expect(requests).toEqual([keyId]);
  for (let i = 0; i < 11_000; i++) await cache(`unknown${i}`);
  expect(requests).toHaveLength(11_001);
  await cache("unknown10999");
  await cache(keyId);
  expect(requests).toHaveLength(11_001);
  await fixture.registry.revoke(keyId);
  time = 2_999;
  expect((await cache(keyId))?.record.revoked).toBeUndefined();
  time = 3_000;
  expect((await cache(keyId))?.record.revoked).toBeDefined();
});

test("a failed look-up is not cached", async () => {
  const { keyId } = await fixture.registry.createApp("unlucky", SCOPES);
  let away = true;
  const cache = keyCache({
    find: async (id) => {
      if (away) throw new Error("Redis is away");
      return fixture.registry.find(id);
    },
    keyring: fixture.ring,
  });
  await expect(cache(keyId)).rejects.toThrow("away");
  away = false;
  expect((await cache(keyId))?.record.id).toBe(keyId);
});
