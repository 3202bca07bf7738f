import { createHash } from "node:crypto";
import type { Static, TSchema } from "typebox";
import type { Egress } from "./platform.ts";

/** What ties a consent to its beginning: the callback brings `state` back, `verifier` stays here (PKCE, RFC 7636). */
export interface ConsentRound {
  readonly state: string;
  readonly verifier: string;
  /** As registered at the network, to the letter. */
  readonly redirectUri: string;
}

/** A login that a consent brought. */
export interface Consented<Credentials = unknown> {
  readonly address: string;
  readonly credentials: Credentials;
}

/** How a user lets an app use an account at a network without giving away the password (OAuth 2, RFC 6749). */
export interface Consent<Client extends TSchema = TSchema, Credentials = unknown> {
  /** The app's client at the network, and what else it must say to begin. */
  readonly schema: Client;
  readonly example: Static<Client>;
  /** Where to send the user's browser. */
  readonly url: (client: Static<Client>, round: ConsentRound) => string;
  /**
   * Exchanges the callback's code; runs in a worker. Answers each account that the user agreed to. Throws what `explain`
   * knows.
   */
  readonly finish: (
    client: Static<Client>,
    round: ConsentRound & { readonly code: string },
    egress: Egress,
  ) => Promise<ReadonlyArray<Consented<Credentials>>>;
}

/** Keeps a consent's client and credentials types together; the core sees them as opaque. */
export function defineConsent<Client extends TSchema, Credentials>(consent: Consent<Client, Credentials>): Consent {
  return consent as unknown as Consent;
}

/** The address to send the user to: the network's own words and those of the round, with PKCE (RFC 7636, S256). */
export function consentUrl(
  authorizeUrl: string,
  words: Readonly<Record<string, string>>,
  { state, verifier, redirectUri }: ConsentRound,
): string {
  const url = new URL(authorizeUrl);
  const all = {
    response_type: "code",
    ...words,
    redirect_uri: redirectUri,
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
  return url.href;
}
