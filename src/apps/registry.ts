import type { Keyring } from "../crypto/keyring.ts";
import type { Revocation, Scope } from "../model/caller.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { deriveListenerKey, hashApiKey, isKeyId, newApiKey, randomId } from "./api-key.ts";
import { type ApiKeyRecord, listenerKeyData } from "./key-record.ts";
import { CREATE_LUA, REVOCATION_TTL_SECONDS, REVOKE_LUA, ROTATE_LUA } from "./registry-lua.ts";

/** What was asked of the registry can't be done; the message says why and what to do. */
export class RegistryError extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = "RegistryError";
  }
}

/** An app and its live keys, as operators see it. */
interface App {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  readonly keys: ReadonlyArray<Omit<ApiKeyRecord, "hash" | "sealedListenerKey">>;
}

/** A key that was just made; `key` is shown once and stored nowhere. */
export interface IssuedKey {
  readonly app: string;
  readonly name: string;
  readonly keyId: string;
  readonly key: string;
}

/** Which apps there are and which keys they hold. */
export interface AppRegistry {
  /** Throws `RegistryError` for a name that is taken or no name. */
  readonly createApp: (name: string, scopes: readonly Scope[]) => Promise<IssuedKey>;
  readonly list: () => Promise<readonly App[]>;
  /** Gives an app (by name or id) a second key; the first goes on until it is revoked. */
  readonly rotate: (app: string, scopes?: readonly Scope[]) => Promise<IssuedKey>;
  /** Revokes one key by its id, or all of an app by name or id; answers their ids. Everywhere within 5 s. */
  readonly revoke: (keyOrApp: string) => Promise<readonly string[]>;
  /** One look-up; undefined for an id nobody has. */
  readonly find: (keyId: string) => Promise<ApiKeyRecord | undefined>;
  readonly isEmpty: () => Promise<boolean>;
}

export interface RegistryDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
  /** Appends a control entry to the app's event log, which ends the live streams of a revoked key. */
  readonly appendControl: (app: string, revocation: Revocation) => Promise<unknown>;
}

/** How an app may be called. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,63}$/;

/** The registry in Redis; all its keys share one hash tag, so that each change is one script. */
export function appRegistry({ redis, keyring, appendControl }: RegistryDeps): AppRegistry {
  const idOf = async (nameOrId: string): Promise<string> => {
    const byName = await redis.hget(keys.appNames, nameOrId);
    if (byName !== null) return byName;
    if (isKeyId(nameOrId) && (await redis.exists(keys.app(nameOrId))) === 1) return nameOrId;
    throw new RegistryError("There is no such app; `dragoman app list` shows them.");
  };
  const fresh = async (app: string, scopes: readonly Scope[]) => {
    const { id, text } = newApiKey();
    const listener = await keyring.sealShared(deriveListenerKey(text), listenerKeyData(app, id));
    const created = new Date().toISOString();
    const fields = { app, hash: hashApiKey(text), scopes: scopes.join(" "), created, listener };
    return { id, text, cells: [id, created, ...Object.entries(fields).flat()] };
  };
  const find = async (keyId: string): Promise<ApiKeyRecord | undefined> =>
    isKeyId(keyId) ? recordOf(keyId, await redis.hgetall(keys.apiKey(keyId))) : undefined;
  const revokeKey = async (record: ApiKeyRecord): Promise<void> => {
    const places = [keys.apiKey(record.id), keys.appKeys(record.app)];
    await redis.eval(REVOKE_LUA, 2, ...places, record.id, new Date().toISOString(), REVOCATION_TTL_SECONDS);
    await appendControl(record.app, { keyId: record.id });
  };
  const liveKeys = async (app: string): Promise<readonly ApiKeyRecord[]> => {
    const all = await Promise.all((await redis.smembers(keys.appKeys(app))).map(find));
    return all.filter((record) => record !== undefined).sort((a, b) => (a.created < b.created ? -1 : 1));
  };

  return {
    find,
    isEmpty: async () => (await redis.scard(keys.apps)) === 0,

    createApp: async (name, scopes) => {
      if (!NAME.test(name)) throw new RegistryError("A name takes 1 to 64 letters, digits, spaces and . _ -");
      const app = randomId();
      const { id, text, cells } = await fresh(app, scopes);
      const places = [keys.appNames, keys.apps, keys.app(app), keys.appKeys(app), keys.apiKey(id)];
      const done = await redis.eval(CREATE_LUA, places.length, ...places, name, app, ...cells);
      if (done === 0) throw new RegistryError("That name is taken; `dragoman app rotate` gives an app another key.");
      return { app, name, keyId: id, key: text };
    },

    list: async () => {
      const ids = await redis.smembers(keys.apps);
      const apps = await Promise.all(
        ids.map(async (id) => {
          const [{ name = "", created = "" }, live] = await Promise.all([redis.hgetall(keys.app(id)), liveKeys(id)]);
          return { id, name, created, keys: live.map(({ hash: _, sealedListenerKey: __, ...shown }) => shown) };
        }),
      );
      return apps.sort((a, b) => (a.created < b.created ? -1 : 1));
    },

    rotate: async (nameOrId, scopes) => {
      const app = await idOf(nameOrId);
      const newest = (await liveKeys(app)).at(-1);
      const granted = scopes ?? newest?.scopes;
      if (granted === undefined) throw new RegistryError("The app has no live key to copy the scopes of; name them.");
      const { id, text, cells } = await fresh(app, granted);
      const done = await redis.eval(ROTATE_LUA, 2, keys.appKeys(app), keys.apiKey(id), ...cells);
      if (done === 0) throw new RegistryError("The app has two live keys already; revoke the old one first.");
      return { app, name: (await redis.hget(keys.app(app), "name")) ?? "", keyId: id, key: text };
    },

    revoke: async (keyOrApp) => {
      const one = await find(keyOrApp);
      const records = one === undefined ? await liveKeys(await idOf(keyOrApp)) : [one];
      for (const record of records) await revokeKey(record);
      return records.map(({ id }) => id);
    },
  };
}

function recordOf(id: string, fields: Record<string, string>): ApiKeyRecord | undefined {
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
