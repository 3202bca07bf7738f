import { associatedData } from "../crypto/associated-data.ts";
import type { Scope } from "../model/caller.ts";

/** What is known of an API key: enough to recognise it and to check the tokens signed in its name, never the key itself. */
export interface ApiKeyRecord {
  readonly id: string;
  readonly app: string;
  /** SHA-256 of the whole key, hex. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  /** RFC 3339. */
  readonly created: string;
  /** RFC 3339; a revoked key is remembered for as long as a token of it could have lived. */
  readonly revoked?: string;
  /** The key that its listener tokens are signed with, sealed under the shared key. */
  readonly sealedListenerKey: string;
}

/** Where a listener key belongs: the associated data it is sealed with. */
export function listenerKeyData(app: string, keyId: string): Buffer {
  return associatedData("listener key", app, keyId);
}
