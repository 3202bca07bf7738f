import { ulid } from "ulid";
import { associatedData } from "../crypto/associated-data.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { accountId } from "../model/account-id.ts";
import { shardOf } from "../model/shard.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { withLock } from "../redis/lock.ts";
import { REPLACE_FIELDS } from "../redis/replace-fields.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import { type Account, type AccountState, type Accounts, MAX_ACCOUNTS_PER_APP, TooManyAccounts } from "./accounts.ts";

export interface RedisAccountsDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
  /** Returns how many bytes an app may store, see app-bytes.lua; default: unlimited. */
  readonly maxBytes?: () => number;
}

const PUT = luaScript(new URL("./scripts/put-account.lua", import.meta.url), {
  keys: ["accounts", "account", "desiredOnline", "counts"],
  args: ["id", "member", "online", "maxAccounts", "bytes", "maxBytes", "fields..."],
  reply: (raw) => raw as ["created" | "replaced" | "full" | "no-room", online: string],
});
const REMOVE = luaScript(new URL("./scripts/remove-account.lua", import.meta.url), {
  keys: ["accounts", "account", "desiredOnline", "connectionState", "sealedState", "counts"],
  args: ["id", "member"],
});
const SET_DESIRED_ONLINE = luaScript(new URL("./scripts/set-desired-online.lua", import.meta.url), {
  keys: ["account", "desiredOnline"],
  args: ["member", "online"],
});
/** Bytes that Redis needs for an account beside its sealed credentials. */
const RECORD_BYTES = 500;

const SCRIPTS = { put: PUT, remove: REMOVE, setDesiredOnline: SET_DESIRED_ONLINE, replaceFields: REPLACE_FIELDS };

/** Returns the associated data of an account's credentials; addresses are case-insensitive, as account ids are. */
export function credentialsData(app: string, platform: string, address: string, version: string): Buffer {
  return associatedData("account", app, platform, address.toLowerCase(), version);
}

/**
 * Stores accounts in Redis: a hash per account and a set of ids per app.
 * Each write seals under a new version, which is part of the associated data, so that an old or foreign record put back
 * does not open.
 */
export function redisAccounts({
  redis,
  keyring,
  maxBytes = () => Number.MAX_SAFE_INTEGER,
}: RedisAccountsDeps): Accounts {
  const run = scriptRunner(redis, SCRIPTS);
  const { seal, open } = credentialsSeal(redis, keyring);
  const read = async (app: string, id: string) => accountFromRecord(id, await redis.hgetall(keys.account(app, id)));

  return {
    get: read,

    put: async (app, { platform, address, credentials, online }) => {
      const id = accountId(platform, address);
      const updated = new Date().toISOString();
      const sealed = await seal(app, platform, address, credentials);
      const fields = Object.entries({ platform, address, updated, ...sealed }).flat();
      const [outcome, stored] = await run.put({
        keys: { accounts: keys.accounts(app), ...recordKeys(app, id) },
        args: {
          ...{ id, member: memberOf(app, id), online: onlineValue(online), fields },
          ...{
            maxAccounts: MAX_ACCOUNTS_PER_APP,
            bytes: sealed.sealed.length + address.length + RECORD_BYTES,
            maxBytes: maxBytes(),
          },
        },
      });
      if (outcome === "full" || outcome === "no-room") throw new TooManyAccounts(outcome);
      const account: Account = { id, platform, address, state: "stored", online: stored === "1", updated };
      return { created: outcome === "created", account };
    },

    list: async (app, { after = "", limit }) => {
      const ids = (await redis.smembers(keys.accounts(app))).filter((id) => id > after).sort();
      return readAll(ids.slice(0, limit).map((id) => read(app, id)));
    },

    remove: async (app, id) => {
      const stateKeys = { connectionState: keys.connectionState(app, id), sealedState: keys.sealedState(app, id) };
      const scriptKeys = { accounts: keys.accounts(app), ...recordKeys(app, id), ...stateKeys };
      return (await run.remove({ keys: scriptKeys, args: { id, member: memberOf(app, id) } })) === 1;
    },

    credentialsOf: open,

    withRefreshLock: (app, platform, address, renew) =>
      withLock(redis, keys.refreshLock(app, accountId(platform, address)), async () =>
        renew(await open(app, platform, address)),
      ),

    versionOf: async (app, platform, address) =>
      (await redis.hget(keys.account(app, accountId(platform, address)), "version")) ?? undefined,

    update: async (app, platform, address, version, credentials) => {
      const record = keys.account(app, accountId(platform, address));
      const sealed = await seal(app, platform, address, credentials);
      const fields = Object.entries({ ...sealed, updated: new Date().toISOString() }).flat();
      const args = { field: "version", expected: version, fields };
      return (await run.replaceFields({ keys: { record }, args })) ? sealed.version : undefined;
    },

    setDesiredOnline: async (app, platform, address, isDesired) => {
      const id = accountId(platform, address);
      const args = { member: memberOf(app, id), online: onlineValue(isDesired) };
      await run.setDesiredOnline({ keys: recordKeys(app, id), args });
    },
  };
}

/** Makes the functions that seal credentials under a new version, and open the stored ones. */
function credentialsSeal(redis: RedisClient, keyring: Keyring) {
  const seal = async (app: string, platform: string, address: string, credentials: unknown) => {
    const version = ulid();
    const text = JSON.stringify(credentials);
    return { version, sealed: await keyring.seal(text, credentialsData(app, platform, address, version)) };
  };
  const open: Accounts["credentialsOf"] = async (app, platform, address) => {
    const id = accountId(platform, address);
    const [version, sealed] = await redis.hmget(keys.account(app, id), "version", "sealed");
    if (!version || !sealed) return undefined;
    const text = await keyring.open(sealed, credentialsData(app, platform, address, version));
    return { id, version, credentials: JSON.parse(text) };
  };
  return { seal, open };
}

async function readAll(reads: ReadonlyArray<Promise<Account | undefined>>): Promise<readonly Account[]> {
  return (await Promise.all(reads)).filter((account) => account !== undefined);
}

function recordKeys(app: string, id: string) {
  return {
    counts: keys.counts(app),
    account: keys.account(app, id),
    desiredOnline: keys.desiredOnline(keys.tagOf(app), shardOf(app, id)),
  };
}

function memberOf(app: string, id: string): string {
  return `${app}|${id}`;
}

function onlineValue(online: boolean | undefined): string {
  return online === undefined ? "" : online ? "1" : "0";
}

function accountFromRecord(id: string, record: Record<string, string>): Account | undefined {
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
