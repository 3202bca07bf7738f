import { type TokenOptions, type Tokens, tokens as tokensOf } from "../../../platform/kit/oauth2.ts";
import type { Egress } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";

export type { Tokens };

/** Returns a mail login's tokens; `secret` receives each secret, `store` each renewed login. */
export function tokens(
  fetch: Egress["fetch"],
  oauth2: NonNullable<Credentials["oauth2"]>,
  secret: (text: string) => void,
  store: (login: NonNullable<Credentials["oauth2"]>) => Promise<void>,
  alone?: TokenOptions["alone"],
): Tokens {
  return tokensOf(oauth2, { fetch, secret, store, ...(alone ? { alone } : {}) });
}
