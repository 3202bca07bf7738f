import type { Scope } from "../model/caller.ts";
import type { ApiKeyRecord } from "./key-record.ts";

/** Thrown when the registry can't do a request; the message says why, and the remedy. */
export class RegistryError extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = "RegistryError";
  }
}

/** An app and its live keys, as shown to operators. */
export interface RegisteredApp {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  readonly keys: ReadonlyArray<Omit<ApiKeyRecord, "hash" | "sealedListenerKey">>;
}

/** A new key; `key` is shown once and stored nowhere. */
export interface IssuedKey {
  readonly app: string;
  readonly name: string;
  readonly keyId: string;
  readonly key: string;
}

/** The apps and their API keys. */
export interface AppRegistry {
  /** Creates an app with a key. Throws `RegistryError` for an invalid name or a name in use. */
  readonly createApp: (name: string, scopes: readonly Scope[]) => Promise<IssuedKey>;
  readonly list: () => Promise<readonly RegisteredApp[]>;
  /** Gives an app (by name or id) a second key. The first stays valid until revoked. */
  readonly rotate: (app: string, scopes?: readonly Scope[]) => Promise<IssuedKey>;
  /** Revokes a key by id, or all keys of an app by name or id. Returns their ids. Takes effect within 5 s. */
  readonly revoke: (keyOrApp: string) => Promise<readonly string[]>;
  /** Looks a key up; undefined for an unknown id. */
  readonly find: (keyId: string) => Promise<ApiKeyRecord | undefined>;
  readonly isEmpty: () => Promise<boolean>;
}
