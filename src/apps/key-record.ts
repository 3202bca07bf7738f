import { associatedData } from "../crypto/associated-data.ts";
import type { Scope } from "../model/caller.ts";

/** Stored data of an API key, which verifies the key and its tokens. */
export interface ApiKeyRecord {
  readonly id: string;
  readonly app: string;
  /** SHA-256 of the whole key, hex. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  /** RFC 3339. */
  readonly created: string;
  /** RFC 3339. The record of a revoked key stays for the longest lifetime of a token signed with the key. */
  readonly revoked?: string;
  /** Key that signs listener tokens, sealed under the shared key. */
  readonly sealedListenerKey: string;
}

/** Returns the associated data of a sealed listener key. */
export function listenerKeyData(app: string, keyId: string): Buffer {
  return associatedData("listener key", app, keyId);
}
