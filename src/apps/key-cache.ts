import type { KeyObject } from "node:crypto";
import { createSecretKey } from "node:crypto";
import type { Keyring } from "../crypto/keyring.ts";
import type { Caller } from "../model/caller.ts";
import { type ApiKeyRecord, listenerKeyData } from "./key-record.ts";

/** A key as an API process holds it for up to 3 s. */
export interface CachedKey {
  readonly record: ApiKeyRecord;
  /** Who asks with this key; made once. */
  readonly caller: Caller;
  /** The key its listener tokens are signed with; opened when the first token comes. */
  readonly listenerKey: () => Promise<KeyObject>;
}

export interface KeyCacheDeps {
  readonly find: (keyId: string) => Promise<ApiKeyRecord | undefined>;
  readonly keyring: Keyring;
  /** Milliseconds; for tests. */
  readonly now?: () => number;
}

/** How long a key may be used after it was read: with the event loop's delays a revocation reaches everywhere within 5 s. */
const LIFETIME_MS = 3_000;
/** Known and unknown ids are kept apart, so that guesses never push out the keys in use. */
const KNOWN = 10_000;
const UNKNOWN = 10_000;

interface Entry {
  readonly until: number;
  readonly key: Promise<CachedKey | undefined>;
}

/** Looks keys up by id; a cached one costs no round trip, and callers who ask for the same id at once share one. */
export function keyCache({
  find,
  keyring,
  now = Date.now,
}: KeyCacheDeps): (keyId: string) => Promise<CachedKey | undefined> {
  const known = new Map<string, Entry>();
  const unknown = new Map<string, Entry>();

  const load = async (keyId: string, until: number): Promise<CachedKey | undefined> => {
    try {
      const record = await find(keyId);
      if (record !== undefined) return cached(record, keyring);
      keep(unknown, UNKNOWN, keyId, { until, key: Promise.resolve(undefined) });
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
    keep(known, KNOWN, keyId, { until, key });
    return key;
  };
}

function keep(map: Map<string, Entry>, most: number, keyId: string, entry: Entry): void {
  map.delete(keyId);
  map.set(keyId, entry);
  const oldest = map.size > most ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}

function cached(record: ApiKeyRecord, keyring: Keyring): CachedKey {
  let listener: Promise<KeyObject> | undefined;
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
      listener ??= open();
      return listener;
    },
  };
}
