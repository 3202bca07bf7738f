import { ulid } from "ulid";
import { associatedData } from "../crypto/associated-data.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { accountId } from "../model/account-id.ts";
import { shardOf } from "../model/shard.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { withLock } from "../redis/lock.ts";
import { ACCOUNTS_PER_APP, type Account, type AccountState, type Accounts, TooManyAccounts } from "./accounts.ts";

export interface RedisAccountsDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
}

/** Lua: what is to be connected stands in its shard's list. */
const WANT_LUA = `
local function want(record, wanted, member, online)
  redis.call('HSET', record, 'online', online)
  redis.call(online == '1' and 'SADD' or 'SREM', wanted, member)
end
`;
/**
 * KEYS: index, record, wanted; ARGV: id most member online|'' fields…. Keeps fields it doesn't know (the holder's fence).
 * Answers {1 new | 0 replaced | -1 too many, online}.
 */
const PUT_LUA = `${WANT_LUA}
local id, most = ARGV[1], tonumber(ARGV[2])
local new = redis.call('SISMEMBER', KEYS[1], id) == 0
if new and redis.call('SCARD', KEYS[1]) >= most then return { -1, '0' } end
local online = ARGV[4] ~= '' and ARGV[4] or redis.call('HGET', KEYS[2], 'online') or '0'
redis.call('SADD', KEYS[1], id)
redis.call('HSET', KEYS[2], 'state', 'stored', unpack(ARGV, 5))
redis.call('HDEL', KEYS[2], 'error')
want(KEYS[2], KEYS[3], ARGV[3], online)
return { new and 1 or 0, online }
`;
/** KEYS: index, record, wanted, notes, sealed notes; ARGV: id member */
const REMOVE_LUA = `
redis.call('SREM', KEYS[3], ARGV[2])
redis.call('DEL', KEYS[2], KEYS[4], KEYS[5])
return redis.call('SREM', KEYS[1], ARGV[1])
`;
/** KEYS: record, wanted; ARGV: member online */
const KEEP_LUA = `${WANT_LUA}
if redis.call('EXISTS', KEYS[1]) == 1 then want(KEYS[1], KEYS[2], ARGV[1], ARGV[2]) end
`;
/** KEYS: record. Writes the given fields if a field still has the expected value. */
export const REPLACE_LUA = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
return 1
`;

/** Where a login belongs; addresses are compared without case, as account ids are. */
export function whereOf(app: string, platform: string, address: string, version: string): Buffer {
  return associatedData("account", app, platform, address.toLowerCase(), version);
}

/**
 * Accounts in Redis: a hash per account and a set of ids per app. Each writing seals under a fresh version, which is
 * part of the associated data, so that an old or a foreign record put back in its place doesn't open.
 */
export function redisAccounts({ redis, keyring }: RedisAccountsDeps): Accounts {
  const sealed = async (app: string, platform: string, address: string, credentials: unknown) => {
    const version = ulid();
    const text = JSON.stringify(credentials);
    return { version, sealed: await keyring.seal(text, whereOf(app, platform, address, version)) };
  };
  const credentialsOf: Accounts["credentialsOf"] = async (app, platform, address) => {
    const id = accountId(platform, address);
    const [version, value] = await redis.hmget(keys.account(app, id), "version", "sealed");
    if (!version || !value) return undefined;
    const text = await keyring.open(value, whereOf(app, platform, address, version));
    return { id, version, credentials: JSON.parse(text) };
  };
  const wanted = (app: string, id: string) => keys.wanted(keys.tagOf(app), shardOf(app, id));
  const read = async (app: string, id: string) => accountOf(id, await redis.hgetall(keys.account(app, id)));

  return {
    get: read,

    put: async (app, { platform, address, credentials, online }) => {
      const id = accountId(platform, address);
      const updated = new Date().toISOString();
      const secret = await sealed(app, platform, address, credentials);
      const fields = Object.entries({ platform, address, updated, ...secret }).flat();
      const place = [keys.accounts(app), keys.account(app, id), wanted(app, id)];
      const want = online === undefined ? "" : online ? "1" : "0";
      const args = [id, ACCOUNTS_PER_APP, `${app}|${id}`, want, ...fields];
      const [answer, kept] = (await redis.eval(PUT_LUA, 3, ...place, ...args)) as [number, string];
      if (answer === -1) throw new TooManyAccounts();
      const account: Account = { id, platform, address, state: "stored", online: kept === "1", updated };
      return { created: answer === 1, account };
    },

    list: async (app, { after = "", limit }) => {
      const ids = (await redis.smembers(keys.accounts(app))).filter((id) => id > after).sort();
      const all = await Promise.all(ids.slice(0, limit).map((id) => read(app, id)));
      return all.filter((account) => account !== undefined);
    },

    remove: async (app, id) => {
      const notes = [keys.notes(app, id), keys.secretNotes(app, id)];
      const place = [keys.accounts(app), keys.account(app, id), wanted(app, id), ...notes];
      return (await redis.eval(REMOVE_LUA, 5, ...place, id, `${app}|${id}`)) === 1;
    },

    credentialsOf,

    alone: (app, platform, address, renew) =>
      withLock(redis, keys.renewal(app, accountId(platform, address)), async () =>
        renew(await credentialsOf(app, platform, address)),
      ),

    versionOf: async (app, platform, address) =>
      (await redis.hget(keys.account(app, accountId(platform, address)), "version")) ?? undefined,

    update: async (app, platform, address, version, credentials) => {
      const record = keys.account(app, accountId(platform, address));
      const fields = { ...(await sealed(app, platform, address, credentials)), updated: new Date().toISOString() };
      const done = await redis.eval(REPLACE_LUA, 1, record, "version", version, ...Object.entries(fields).flat());
      return done === 1 ? fields.version : undefined;
    },

    keepOnline: async (app, platform, address, online) => {
      const id = accountId(platform, address);
      const place = [keys.account(app, id), wanted(app, id)];
      await redis.eval(KEEP_LUA, 2, ...place, `${app}|${id}`, online ? "1" : "0");
    },
  };
}

function accountOf(id: string, record: Record<string, string>): Account | undefined {
  if (record.sealed === undefined) return undefined;
  return {
    id,
    platform: record.platform ?? "",
    address: record.address ?? "",
    state: (record.state ?? "stored") as AccountState,
    online: record.online === "1",
    ...(record.error === undefined ? {} : { error: JSON.parse(record.error) }),
    updated: record.updated ?? "",
  };
}
