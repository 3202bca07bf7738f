import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { redisAccounts } from "../../../src/accounts/redis-accounts.ts";
import { keyCache } from "../../../src/apps/key-cache.ts";
import { keyring } from "../../../src/crypto/keyring.ts";
import { checkKeyring } from "../../../src/crypto/keyring-check.ts";
import { accountId } from "../../../src/model/account-id.ts";
import { SCOPES } from "../../../src/model/caller.ts";
import { keys } from "../../../src/redis/keys.ts";
import { rotateKeys } from "../../../src/rotation/rotate-keys.ts";
import { type AuthFixture, authFixture, dumpRedis } from "../../support/auth-fixture.ts";

let fixture: AuthFixture;
beforeAll(async () => {
  fixture = await authFixture();
});
afterAll(() => fixture.stop());

const bob = { platform: "email", address: "Bob@example.com", online: false };
const CANARY = "CNRY7F3KQ2LMZ8XP";

describe("an account", () => {
  test("is stored, replaced, listed and deleted, and only workers see its credentials", async () => {
    const id = accountId("email", "bob@example.com");
    const first = await fixture.accounts.put("appA", { ...bob, credentials: { password: CANARY } });
    expect(first).toMatchObject({ created: true, account: { id, state: "stored", address: "Bob@example.com" } });
    expect(await fixture.client.exists(keys.account("appA", id))).toBe(1);
    const note = JSON.stringify({ code: "auth-failed", detail: "No.", retryable: false });
    await fixture.client.hset(keys.account("appA", id), { state: "needs-login", error: note });
    expect(await fixture.accounts.get("appA", id)).toMatchObject({
      state: "needs-login",
      error: { code: "auth-failed" },
    });
    const again = await fixture.accounts.put("appA", { ...bob, online: true, credentials: { password: "other" } });
    expect(again.created).toBe(false);
    expect(await fixture.accounts.get("appA", id)).toEqual(again.account);
    const opened = await fixture.accounts.credentialsOf("appA", "email", "BOB@EXAMPLE.COM");
    expect(opened).toMatchObject({ id, credentials: { password: "other" } });
    expect(await fixture.accounts.remove("appA", id)).toBe(true);
    expect(await fixture.accounts.remove("appA", id)).toBe(false);
    expect(await fixture.accounts.credentialsOf("appA", "email", bob.address)).toBeUndefined();
    expect(await fixture.accounts.list("appA", { limit: 10 })).toEqual([]);
    await fixture.accounts.setDesiredOnline("appA", "email", bob.address, true);
    expect(await fixture.client.exists(keys.account("appA", id))).toBe(0);
  });

  test("is listed page by page, once", async () => {
    for (let i = 0; i < 7; i++)
      await fixture.accounts.put("pages", { ...bob, address: `u${i}@x.org`, credentials: {} });
    const first = await fixture.accounts.list("pages", { limit: 3 });
    const second = await fixture.accounts.list("pages", { limit: 10, after: first.at(-1)?.id as string });
    expect([...first, ...second].map(({ address }) => address).toSorted()).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((i) => `u${i}@x.org`),
    );
  });

  test("accepts refreshed credentials only in place of the version they came from", async () => {
    await fixture.accounts.put("oauth", { ...bob, credentials: { token: 1 } });
    const before = await fixture.accounts.credentialsOf("oauth", "email", bob.address);
    const version = before?.version as string;
    const all = await Promise.all(
      [1, 2, 3].map((n) => fixture.accounts.update("oauth", "email", bob.address, version, { token: n })),
    );
    const done = all.filter((account) => account !== undefined);
    expect(done).toHaveLength(1);
    expect((await fixture.accounts.credentialsOf("oauth", "email", bob.address))?.version).toBe(done[0]);
    expect(await fixture.accounts.versionOf("oauth", "email", bob.address)).toBe(done[0]);
    expect(await fixture.accounts.versionOf("oauth", "email", "nobody@x.org")).toBeUndefined();
    expect(await fixture.accounts.update("oauth", "email", "nobody@x.org", version, {})).toBeUndefined();
  });

  test("keeps connection state when credentials are replaced", async () => {
    await fixture.accounts.put("fenced", { ...bob, credentials: {} });
    const key = keys.account("fenced", accountId("email", bob.address));
    await fixture.client.hset(key, "fence", "7");
    await fixture.accounts.put("fenced", { ...bob, credentials: { a: 1 } });
    expect(await fixture.client.hget(key, "fence")).toBe("7");
  });
});

describe("a record moved by an attacker with write access to Redis", () => {
  const keyOf = (app: string, platform: string, address: string) => keys.account(app, accountId(platform, address));

  test("opens for no other app, platform, address or version", async () => {
    const victim = { ...bob, credentials: { password: CANARY } };
    await fixture.accounts.put("victim", victim);
    const record = await fixture.client.hgetall(keyOf("victim", "email", bob.address));
    const others = [
      ["thief", "email", bob.address],
      ["victim", "xmpp", bob.address],
      ["victim", "email", "mallory@example.com"],
    ] as const;
    for (const [app, platform, address] of others) {
      for (const filter of [{}, { platform, address }]) {
        await fixture.client.hset(keyOf(app, platform, address), { ...record, ...filter });
        await expect(fixture.accounts.credentialsOf(app, platform, address)).rejects.toThrow(/does not belong/);
      }
    }
    await fixture.accounts.put("victim", { ...victim, credentials: { password: "newer" } });
    await fixture.client.hset(keyOf("victim", "email", bob.address), "sealed", record.sealed as string);
    await expect(fixture.accounts.credentialsOf("victim", "email", bob.address)).rejects.toThrow(/does not belong/);
  });

  test("cannot be addressed by the input of another app", async () => {
    const [first, second] = [
      await fixture.registry.createApp("one", SCOPES),
      await fixture.registry.createApp("two", SCOPES),
    ];
    await fixture.accounts.put(first.app, { ...bob, credentials: {} });
    const target = keyOf(first.app, "email", bob.address);
    const id = accountId("email", bob.address);
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(":", "{", "}", "a", "\0", "/", ".") }),
      fc.constantFrom(
        id,
        `${first.app}:${id}`,
        `../${first.app}:${id}`,
        `:account:${first.app}:${id}`,
        target,
        "__proto__",
      ),
    );
    await fc.assert(
      fc.asyncProperty(text, text, async (a, b) => {
        for (const name of [keys.account(second.app, a), keyOf(second.app, a, b), keys.accounts(second.app)]) {
          expect(name).not.toBe(target);
          expect(name.startsWith(`${keys.tagOf(second.app)}:account`)).toBe(true);
        }
        expect(await fixture.accounts.get(second.app, a)).toBeUndefined();
        expect(await fixture.accounts.credentialsOf(second.app, a, b)).toBeUndefined();
        expect(await fixture.accounts.remove(second.app, a)).toBe(false);
      }),
      { numRuns: 100 },
    );
    expect(await fixture.accounts.get(first.app, id)).toBeDefined();
  });
});

describe("key rotation", () => {
  test("reseals all records while other processes run, and leaves no plain secret in Redis", async () => {
    const { app, keyId } = await fixture.registry.createApp("rotated", SCOPES);
    for (let i = 0; i < 20; i++) {
      await fixture.accounts.put(app, { ...bob, address: `u${i}@x.org`, credentials: { password: `${CANARY}${i}` } });
    }
    const running = redisAccounts({
      redis: fixture.client,
      keyring: await keyring({ path: fixture.ring.path, opens: true }),
    });
    const api = await keyring({ path: fixture.ring.path, opens: false });
    let rotating = true;
    const opening = (async () => {
      let opened = 0;
      for (let i = 0; rotating || opened < 20; i = (i + 1) % 20) {
        const { credentials } = (await running.credentialsOf(app, "email", `u${i}@x.org`)) ?? {};
        expect(credentials).toEqual({ password: `${CANARY}${i}` });
        const cache = keyCache({ find: fixture.registry.find, keyring: api });
        expect((await (await cache(keyId))?.listenerKey())?.symmetricKeySize).toBe(32);
        opened += 1;
      }
      return opened;
    })();
    const tool = await keyring({ path: fixture.ring.path, opens: true });
    const done = await rotateKeys({ redis: fixture.client, keyring: tool });
    rotating = false;
    expect(await opening).toBeGreaterThanOrEqual(20);
    expect(done.version).toBe(2);
    expect(done.accounts).toBeGreaterThanOrEqual(20);
    for (const id of await fixture.client.smembers(keys.accounts(app))) {
      expect(await fixture.client.hget(keys.account(app, id), "sealed")).toMatch(/^h2\./);
    }
    expect(await fixture.client.hget(keys.apiKey(keyId), "listener")).toMatch(/^s2\./);
    expect((await rotateKeys({ redis: fixture.client, keyring: tool })).version).toBe(3);

    const everything = await dumpRedis(fixture.client);
    for (const form of [
      CANARY,
      Buffer.from(CANARY).toString("base64url").slice(0, 16),
      Buffer.from(CANARY).toString("hex"),
      Buffer.from(`"${CANARY}`).toString("base64").slice(2, 16),
    ]) {
      expect(everything).not.toContain(form);
    }
  });
});

describe("the key check at start", () => {
  test("refuses a key file of other data by name and accepts the right one", async () => {
    await checkKeyring(fixture.client, await keyring({ path: fixture.ring.path, opens: false }));
    const path = join(fixture.redis.dir, "foreign.key");
    await expect(checkKeyring(fixture.client, await keyring({ path, opens: true }))).rejects.toThrow(
      /foreign\.key does not match the data/,
    );
    await checkKeyring(fixture.client, await keyring({ path: fixture.ring.path, opens: true }));
  });

  test("reports a key file from before a rotation as old", async () => {
    const path = join(fixture.redis.dir, "old.key");
    await copyFile(fixture.ring.path, path);
    const old = await keyring({ path, opens: true });
    const tool = await keyring({ path: fixture.ring.path, opens: true });
    const { version } = await rotateKeys({ redis: fixture.client, keyring: tool });
    await expect(checkKeyring(fixture.client, old)).rejects.toThrow(`lacks version ${version}`);
  });

  test("refuses one of two machines that start on one Redis with different keys", async () => {
    await fixture.client.del(keys.keyring);
    const rings = await Promise.all(
      ["a", "b"].map((name) => keyring({ path: join(fixture.redis.dir, `${name}.key`), opens: true })),
    );
    const all = await Promise.allSettled(rings.map((ring) => checkKeyring(fixture.client, ring)));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});
