import { createHash } from "node:crypto";
import type { Static, TSchema } from "typebox";
import type { Egress } from "./egress.ts";

/** Values that tie an OAuth callback to its request. `state` comes back, `verifier` stays here (PKCE, RFC 7636). */
export interface ConsentRound {
  readonly state: string;
  readonly verifier: string;
  /** Redirect URI exactly as registered at the network. */
  readonly redirectUri: string;
}

/** Login of one account that a consent returned. */
export interface ConsentedAccount<Credentials = unknown> {
  readonly address: string;
  readonly credentials: Credentials;
}

/** OAuth 2 consent (RFC 6749): users connect their accounts without giving away the password. */
export interface OAuthConsent<Client extends TSchema = TSchema, Credentials = unknown> {
  /** The app's client registration at the network and further options of the request. */
  readonly schema: Client;
  readonly example: Static<Client>;
  /** Returns the address to send the user's browser to. */
  readonly url: (client: Static<Client>, round: ConsentRound) => string;
  /**
   * Exchanges the callback's code for credentials; runs in a worker.
   * Answers each account that the user agreed to. Throws values that `Platform.classifyError` knows.
   */
  readonly finish: (
    client: Static<Client>,
    round: ConsentRound & { readonly code: string },
    egress: Egress,
  ) => Promise<ReadonlyArray<ConsentedAccount<Credentials>>>;
}

/** Checks a consent's client and credentials types against each other. The core sees them as opaque. */
export function defineConsent<Client extends TSchema, Credentials>(
  consent: OAuthConsent<Client, Credentials>,
): OAuthConsent {
  return consent as unknown as OAuthConsent;
}

/** Builds the authorization address with PKCE (RFC 7636, S256). */
export function consentUrl(
  authorizeUrl: string,
  parameters: Readonly<Record<string, string>>,
  { state, verifier, redirectUri }: ConsentRound,
): string {
  const url = new URL(authorizeUrl);
  const all = {
    response_type: "code",
    ...parameters,
    redirect_uri: redirectUri,
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
  return url.href;
}
