import { createHash } from "node:crypto";
import { askForGrant } from "../../oauth2.ts";
import type { Egress } from "../../platform.ts";
import type { Credentials } from "./credentials.ts";
import { X_API } from "./wire.ts";

/** What an account needs for every verb; likes and follows are asked for too, though X grants their use to few. */
export const SCOPES = [
  "tweet.read",
  "tweet.write",
  "users.read",
  "dm.read",
  "dm.write",
  "media.write",
  "like.write",
  "follows.write",
  "offline.access",
] as const;

/** The operator's app at X. */
export interface XApp {
  readonly clientId: string;
  /** Of a confidential client. */
  readonly clientSecret?: string;
  /** As it is registered at X, to the letter. */
  readonly redirectUri: string;
}

/**
 * Where to send the user for the consent (RFC 6749 section 4.1.1, with PKCE, RFC 7636). `verifier` is 43 to 128 random
 * letters, digits, `-._~`, kept until the callback comes; `state` ties that callback to this browser.
 */
export function authorizeUrl(
  { clientId, redirectUri }: XApp,
  {
    state,
    verifier,
    scopes = SCOPES,
  }: { readonly state: string; readonly verifier: string; readonly scopes?: readonly string[] },
): string {
  const url = new URL("https://x.com/i/oauth2/authorize");
  const words = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(" "),
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(words)) url.searchParams.set(name, value);
  return url.href;
}

/**
 * Exchanges the callback's code for an account's credentials; X's codes live for 30 s. Throws a `Failure`:
 * `credentials-expired` when X refuses the code.
 */
export async function codeExchange(
  fetch: Egress["fetch"],
  { clientId, clientSecret, redirectUri }: XApp,
  { code, verifier, xApi = X_API }: { readonly code: string; readonly verifier: string; readonly xApi?: string },
): Promise<Credentials> {
  const secret = clientSecret === undefined ? {} : { clientSecret };
  const server = { tokenUrl: `${xApi.replace(/\/+$/, "")}/2/oauth2/token`, clientId, ...secret, basic: true };
  const words = { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier };
  const { accessToken, refreshToken = "", expires } = await askForGrant(fetch, server, words);
  return { clientId, ...secret, accessToken, refreshToken, expires };
}
