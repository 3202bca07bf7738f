import type { Keyring } from "../crypto/keyring.ts";
import type { Scope } from "../model/caller.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import { deriveListenerKey, hashApiKey, isKeyId, newApiKey } from "./api-key.ts";
import { type ApiKeyRecord, listenerKeyData } from "./key-record.ts";
import { REVOCATION_TTL_SECONDS } from "./revocations.ts";

/** A new key before it is stored. */
export interface NewKey {
  readonly id: string;
  readonly text: string;
  readonly created: string;
  /** Fields of the key's record in Redis. */
  readonly fields: readonly string[];
}

/** API keys in Redis. */
export interface ApiKeyStore {
  readonly find: (keyId: string) => Promise<ApiKeyRecord | undefined>;
  /** Returns the app's keys that are not revoked, oldest first. */
  readonly liveKeys: (app: string) => Promise<readonly ApiKeyRecord[]>;
  readonly newKey: (app: string, scopes: readonly Scope[]) => Promise<NewKey>;
  /** Stores a further key of an app; false when the app has two already. */
  readonly add: (app: string, key: NewKey) => Promise<boolean>;
  readonly revoke: (record: ApiKeyRecord) => Promise<void>;
}

const MAX_KEYS_PER_APP = 2;

const ADD = luaScript(new URL("./scripts/add-key.lua", import.meta.url), {
  keys: ["appKeys", "apiKey"],
  args: ["keyId", "maxKeys", "fields..."],
});
const REVOKE = luaScript(new URL("./scripts/revoke-key.lua", import.meta.url), {
  keys: ["apiKey", "appKeys"],
  args: ["keyId", "now", "ttlSeconds"],
});

export interface ApiKeyStoreDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
}

/** Stores API keys in Redis: hashes, and listener keys sealed under the shared key. */
export function apiKeyStore({ redis, keyring }: ApiKeyStoreDeps): ApiKeyStore {
  const run = scriptRunner(redis, { add: ADD, revoke: REVOKE });
  const find = async (keyId: string): Promise<ApiKeyRecord | undefined> =>
    isKeyId(keyId) ? recordFrom(keyId, await redis.hgetall(keys.apiKey(keyId))) : undefined;

  return {
    find,

    liveKeys: async (app) => {
      const records = await Promise.all((await redis.smembers(keys.appKeys(app))).map(find));
      return records.filter((record) => record !== undefined).sort((a, b) => (a.created < b.created ? -1 : 1));
    },

    newKey: async (app, scopes) => {
      const { id, text } = newApiKey();
      const listener = await keyring.sealShared(deriveListenerKey(text), listenerKeyData(app, id));
      const created = new Date().toISOString();
      const record = { app, hash: hashApiKey(text), scopes: scopes.join(" "), created, listener };
      return { id, text, created, fields: Object.entries(record).flat() };
    },

    add: async (app, { id, fields }) => {
      const added = await run.add({
        keys: { appKeys: keys.appKeys(app), apiKey: keys.apiKey(id) },
        args: { keyId: id, maxKeys: MAX_KEYS_PER_APP, fields },
      });
      return added === 1;
    },

    revoke: async ({ id, app }) => {
      await run.revoke({
        keys: { apiKey: keys.apiKey(id), appKeys: keys.appKeys(app) },
        args: { keyId: id, now: new Date().toISOString(), ttlSeconds: REVOCATION_TTL_SECONDS },
      });
    },
  };
}

function recordFrom(id: string, fields: Record<string, string>): ApiKeyRecord | undefined {
  const { app, hash, scopes, created, listener, revoked } = fields;
  if (app === undefined || hash === undefined || listener === undefined) return undefined;
  return {
    id,
    app,
    hash,
    sealedListenerKey: listener,
    scopes: (scopes ?? "").split(" ").filter((scope) => scope !== "") as Scope[],
    created: created ?? "",
    ...(revoked === undefined ? {} : { revoked }),
  };
}
