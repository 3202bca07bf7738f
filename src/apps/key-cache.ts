import type { KeyObject } from "node:crypto";
import { createSecretKey } from "node:crypto";
import type { Keyring } from "../crypto/keyring.ts";
import type { Caller } from "../model/caller.ts";
import { type ApiKeyRecord, listenerKeyData } from "./key-record.ts";

/** An API key cached in an API process for up to 3 s. */
export interface CachedKey {
  readonly record: ApiKeyRecord;
  /** The caller identified by this key; made once. */
  readonly caller: Caller;
  /** Key that verifies listener tokens; opened with the first token. */
  readonly listenerKey: () => Promise<KeyObject>;
}

export interface KeyCacheDeps {
  readonly find: (keyId: string) => Promise<ApiKeyRecord | undefined>;
  readonly keyring: Keyring;
  /** Clock in milliseconds; replaced by tests. */
  readonly now?: () => number;
}

/** Lifetime of an entry. Even with delays of the event loop, revocations take effect within 5 s everywhere. */
const LIFETIME_MS = 3_000;
/** Known and unknown ids have separate caches, so that guesses never evict keys in use. */
const MAX_KNOWN = 10_000;
const MAX_UNKNOWN = 10_000;

interface KeyCacheEntry {
  readonly until: number;
  readonly key: Promise<CachedKey | undefined>;
}

/** Makes a cached look-up of keys by id. Concurrent look-ups of an id share a round trip. */
export function keyCache({
  find,
  keyring,
  now = Date.now,
}: KeyCacheDeps): (keyId: string) => Promise<CachedKey | undefined> {
  const known = new Map<string, KeyCacheEntry>();
  const unknown = new Map<string, KeyCacheEntry>();

  const load = async (keyId: string, until: number): Promise<CachedKey | undefined> => {
    try {
      const record = await find(keyId);
      if (record !== undefined) return cachedKey(record, keyring);
      store(unknown, MAX_UNKNOWN, keyId, { until, key: Promise.resolve(undefined) });
      known.delete(keyId);
      return undefined;
    } catch (error) {
      known.delete(keyId);
      throw error;
    }
  };
  return (keyId) => {
    const entry = known.get(keyId) ?? unknown.get(keyId);
    const time = now();
    if (entry !== undefined && entry.until > time) return entry.key;
    unknown.delete(keyId);
    const until = time + LIFETIME_MS;
    const key = load(keyId, until);
    store(known, MAX_KNOWN, keyId, { until, key });
    return key;
  };
}

function store(map: Map<string, KeyCacheEntry>, maxSize: number, keyId: string, entry: KeyCacheEntry): void {
  map.delete(keyId);
  map.set(keyId, entry);
  const oldest = map.size > maxSize ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}

function cachedKey(record: ApiKeyRecord, keyring: Keyring): CachedKey {
  let listenerKey: Promise<KeyObject> | undefined;
  const open = async (): Promise<KeyObject> =>
    createSecretKey(await keyring.openShared(record.sealedListenerKey, listenerKeyData(record.app, record.id)));
  return {
    record,
    caller: Object.freeze({
      app: record.app,
      via: "key" as const,
      keyId: record.id,
      scopes: new Set(record.scopes),
      limits: {},
      cookie: false,
    }),
    listenerKey: () => {
      listenerKey ??= open();
      return listenerKey;
    },
  };
}
