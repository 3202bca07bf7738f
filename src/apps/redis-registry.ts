import type { Keyring } from "../crypto/keyring.ts";
import type { Revocation } from "../model/caller.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import { isKeyId, randomId } from "./api-key.ts";
import { type ApiKeyStore, apiKeyStore } from "./api-key-store.ts";
import { type AppRegistry, type RegisteredApp, RegistryError } from "./registry.ts";

export interface RegistryDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
  /** Appends a control entry to the app's event log. So live streams of a revoked key end. */
  readonly appendControl: (app: string, revocation: Revocation) => Promise<unknown>;
}

/** Form of an app's name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,63}$/;

const CREATE = luaScript(new URL("./scripts/create-app.lua", import.meta.url), {
  keys: ["appNames", "apps", "app", "appKeys", "apiKey"],
  args: ["name", "appId", "keyId", "created", "fields..."],
});

/** Keeps the registry in Redis. All keys share a hash tag, so that each change is one script. */
export function appRegistry({ redis, keyring, appendControl }: RegistryDeps): AppRegistry {
  const run = scriptRunner(redis, { create: CREATE });
  const apiKeys = apiKeyStore({ redis, keyring });

  return {
    find: apiKeys.find,
    isEmpty: async () => (await redis.scard(keys.apps)) === 0,

    createApp: async (name, scopes) => {
      if (!NAME.test(name)) throw new RegistryError("A name has 1 to 64 letters, digits, spaces and . _ -");
      const app = randomId();
      const { id, text, created, fields } = await apiKeys.newKey(app, scopes);
      const registryKeys = { appNames: keys.appNames, apps: keys.apps, app: keys.app(app), appKeys: keys.appKeys(app) };
      const isCreated = await run.create({
        keys: { ...registryKeys, apiKey: keys.apiKey(id) },
        args: { name, appId: app, keyId: id, created, fields },
      });
      if (isCreated === 0)
        throw new RegistryError("The name is in use; `dragoman app rotate` gives an app another key.");
      return { app, name, keyId: id, key: text };
    },

    list: async () => {
      const ids = await redis.smembers(keys.apps);
      const apps = await Promise.all(ids.map((id) => registeredApp(redis, apiKeys, id)));
      return apps.sort((a, b) => (a.created < b.created ? -1 : 1));
    },

    rotate: async (nameOrId, scopes) => {
      const app = await appIdOf(redis, nameOrId);
      const newest = (await apiKeys.liveKeys(app)).at(-1);
      const granted = scopes ?? newest?.scopes;
      if (granted === undefined)
        throw new RegistryError("The app has no live key to copy scopes from; name the scopes.");
      const key = await apiKeys.newKey(app, granted);
      if (!(await apiKeys.add(app, key)))
        throw new RegistryError("The app has two live keys already; revoke the old one first.");
      return { app, name: (await redis.hget(keys.app(app), "name")) ?? "", keyId: key.id, key: key.text };
    },

    revoke: async (keyOrApp) => {
      const record = await apiKeys.find(keyOrApp);
      const records = record === undefined ? await apiKeys.liveKeys(await appIdOf(redis, keyOrApp)) : [record];
      for (const { id, app, ...rest } of records) {
        await apiKeys.revoke({ id, app, ...rest });
        await appendControl(app, { keyId: id });
      }
      return records.map(({ id }) => id);
    },
  };
}

/** Returns the id of an app by name or id. Throws `RegistryError` for an unknown app. */
export async function appIdOf(redis: RedisClient, nameOrId: string): Promise<string> {
  const byName = await redis.hget(keys.appNames, nameOrId);
  if (byName !== null) return byName;
  if (isKeyId(nameOrId) && (await redis.exists(keys.app(nameOrId))) === 1) return nameOrId;
  throw new RegistryError("There is no such app; `dragoman app list` shows all apps.");
}

async function registeredApp(redis: RedisClient, apiKeys: ApiKeyStore, id: string): Promise<RegisteredApp> {
  const [{ name = "", created = "" }, live] = await Promise.all([redis.hgetall(keys.app(id)), apiKeys.liveKeys(id)]);
  return { id, name, created, keys: live.map(({ hash: _, sealedListenerKey: __, ...shown }) => shown) };
}
