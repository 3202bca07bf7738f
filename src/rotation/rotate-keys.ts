import { stat } from "node:fs/promises";
import { noteWhere } from "../accounts/account-ownership.ts";
import { REPLACE_LUA, whereOf } from "../accounts/redis-accounts.ts";
import { type KeyRecord, listenerWhere } from "../apps/key-record.ts";
import { KeyringError, newKeyVersion, readKeyFile, writeKeyFile } from "../crypto/key-file.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { checkKeyring } from "../crypto/keyring-check.ts";
import { TOPICS_APP } from "../inbound/topic-endpoint.ts";
import { doorWhere } from "../inbound/webhook-endpoints.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { hookWhere } from "../webhooks/redis-webhooks.ts";

/** How many sealed values a rotation moved to the new version. */
export interface Resealed {
  readonly version: number;
  readonly accounts: number;
  readonly keys: number;
  readonly hooks: number;
}

/**
 * Adds a version to the key file without using it yet, so that the file (or its export) can be copied to the other
 * machines first. Answers the staged version; one that is staged already stays.
 */
export async function stageKeyVersion(path: string): Promise<number> {
  const file = await readKeyFile(path);
  const newest = Math.max(...file.versions.map(({ version }) => version));
  if (newest > file.current) return newest;
  if (file.versions.some((version) => version.private === undefined)) {
    throw new KeyringError(`${path} is the export for an API-only machine; rotate where the master key file is.`);
  }
  await writeKeyFile(path, { ...file, versions: [...file.versions, await newKeyVersion(newest + 1)] });
  return newest + 1;
}

/**
 * Makes the staged version (or a new one) the current one and seals every account, hook and listener key anew with it.
 * Running processes go on: they read the file again when they meet the new version, at most 5 s later for what they
 * seal themselves. Old versions stay in the file. Safe to repeat after a break.
 */
export async function rotateKeys(deps: { readonly redis: RedisClient; readonly keyring: Keyring }): Promise<Resealed> {
  const { redis, keyring } = deps;
  await checkKeyring(redis, keyring);
  const version = await stageKeyVersion(keyring.path);
  const file = await readKeyFile(keyring.path);
  await writeKeyFile(keyring.path, { ...file, current: version });
  await keyring.reload();
  await checkKeyring(redis, keyring);
  return { version, ...(await resealAll(redis, keyring)) };
}

/** Seals anew what is not sealed with the current version; a value that changes meanwhile is left to its writer. */
async function resealAll(redis: RedisClient, keyring: Keyring): Promise<Omit<Resealed, "version">> {
  const counted = { accounts: 0, hooks: 0, keys: 0 };
  const each = async (place: string, reseal: (id: string) => Promise<boolean>, kind: keyof typeof counted) => {
    for (const id of await redis.smembers(place)) if (await reseal(id)) counted[kind] += 1;
  };
  for (const app of await redis.smembers(keys.apps)) {
    await each(keys.accounts(app), (id) => resealAccount(redis, keyring, app, id), "accounts");
    for (const id of await redis.smembers(keys.accounts(app))) await resealNotes(redis, keyring, app, id);
    await each(keys.hooks(app), (name) => resealHook(redis, keyring, app, name), "hooks");
    for (const id of await redis.hvals(keys.webhookEndpoints(app))) await resealDoor(redis, keyring, id);
    await each(keys.appKeys(app), (id) => resealListenerKey(redis, keyring, { app, id }), "keys");
  }
  for (const id of await redis.hvals(keys.webhookEndpoints(TOPICS_APP))) await resealDoor(redis, keyring, id);
  return counted;
}

/**
 * Writes what an API-only machine needs: the public halves and the shared keys, not the private halves. Never writes
 * over a file.
 */
export async function exportForApi(path: string, to: string): Promise<void> {
  const there = await stat(to).catch(() => undefined);
  if (there !== undefined) throw new KeyringError(`${to} exists already; name a file that does not.`);
  const file = await readKeyFile(path);
  await writeKeyFile(to, { ...file, versions: file.versions.map(({ private: _, ...shown }) => shown) });
}

async function resealAccount(redis: RedisClient, keyring: Keyring, app: string, id: string): Promise<boolean> {
  const place = keys.account(app, id);
  const [platform, address, version, sealed] = await redis.hmget(place, "platform", "address", "version", "sealed");
  if (!platform || !address || !version || !sealed || keyring.isCurrent(sealed)) return false;
  const where = whereOf(app, platform, address, version);
  const again = await keyring.seal(await keyring.open(sealed, where), where);
  return (await redis.eval(REPLACE_LUA, 1, place, "sealed", sealed, "sealed", again)) === 1;
}

/** What a connection keeps sealed; a note that changes meanwhile is left to its writer, who seals with the new version. */
async function resealNotes(redis: RedisClient, keyring: Keyring, app: string, id: string): Promise<void> {
  const place = keys.secretNotes(app, id);
  for (const [name, sealed] of Object.entries(await redis.hgetall(place))) {
    if (keyring.isCurrent(sealed)) continue;
    const where = noteWhere(app, id, name);
    const again = await keyring.seal(await keyring.open(sealed, where), where);
    await redis.eval(REPLACE_LUA, 1, place, name, sealed, name, again);
  }
}

async function resealHook(redis: RedisClient, keyring: Keyring, app: string, name: string): Promise<boolean> {
  const place = keys.hook(app, name);
  const [version, sealed] = await redis.hmget(place, "secretVersion", "secret");
  if (!version || !sealed || keyring.isCurrent(sealed)) return false;
  const where = hookWhere(app, name, version);
  const again = await keyring.seal(await keyring.open(sealed, where), where);
  return (await redis.eval(REPLACE_LUA, 1, place, "secret", sealed, "secret", again)) === 1;
}

async function resealDoor(redis: RedisClient, keyring: Keyring, id: string): Promise<void> {
  const { app, platform, subject, version, sealed } = await redis.hgetall(keys.door(id));
  if (!app || !platform || !subject || !version || !sealed || keyring.isCurrent(sealed)) return;
  const where = doorWhere(app, platform, subject, version);
  const again = await keyring.sealShared(await keyring.openShared(sealed, where), where);
  await redis.eval(REPLACE_LUA, 1, keys.door(id), "sealed", sealed, "sealed", again);
}

async function resealListenerKey(
  redis: RedisClient,
  keyring: Keyring,
  { app, id }: Pick<KeyRecord, "app" | "id">,
): Promise<boolean> {
  const place = keys.apiKey(id);
  const sealed = await redis.hget(place, "listener");
  if (sealed === null || keyring.isCurrent(sealed)) return false;
  const where = listenerWhere(app, id);
  const again = await keyring.sealShared(await keyring.openShared(sealed, where), where);
  return (await redis.eval(REPLACE_LUA, 1, place, "listener", sealed, "listener", again)) === 1;
}
