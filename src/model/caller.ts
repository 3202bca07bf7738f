/** Permissions of a key or token. `send`: activities; `listen`: events; `accounts`: store logins; `tokens`: mint tokens. */
export const SCOPES = ["send", "listen", "accounts", "tokens"] as const;
export type Scope = (typeof SCOPES)[number];

/** Restrictions of a token: an absent list allows all, an empty list nothing. */
export interface Limits {
  readonly actors?: readonly string[];
  readonly platforms?: readonly string[];
  readonly verbs?: readonly string[];
}

/** Returns whether the limits allow an activity. Addresses are compared without regard to case. */
export function covers(
  limits: Limits,
  activity: { readonly actor: { readonly address: string }; readonly platform: string; readonly verb: string },
): boolean {
  const within = (allowed: readonly string[] | undefined, value: string): boolean =>
    allowed === undefined || allowed.some((pattern) => pattern.toLowerCase() === value.toLowerCase());
  const { actor, platform, verb } = activity;
  return within(limits.actors, actor.address) && within(limits.platforms, platform) && within(limits.verbs, verb);
}

/** Authenticated caller. An app by its API key, or a browser by a token or ticket. */
export interface Caller {
  readonly app: string;
  readonly via: "key" | "token" | "ticket";
  readonly keyId: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly limits: Limits;
  readonly subject?: string;
  readonly jti?: string;
  /** Unix seconds: when the token was issued and ends; absent for API keys. */
  readonly issuedAt?: number;
  readonly expiresAt?: number;
  /** True when a cookie carried it: then expiry may be cured by a renewed cookie. */
  readonly cookie: boolean;
  /** `Set-Cookie` header of the response, after a ticket was redeemed into a stream session. */
  readonly setCookie?: string;
}

/** Part of an app's rate and streams that one token's user can have. */
const TOKEN_SHARE = 1 / 10;
const MIN_TOKEN_SHARE = 10;

/** Returns the part of an app's number that one token's user can have. */
export function tokenShareOf(appLimit: number): number {
  return Math.max(MIN_TOKEN_SHARE, Math.floor(appLimit * TOKEN_SHARE));
}

/**
 * Returns the name of the user whose part of the app's shares counts.
 * That is a token's subject, else the token itself; tokens with neither `sub` nor `jti` share one part. Undefined for API
 * keys, which may use all of the app's shares.
 */
export function tokenUserOf({ via, subject, jti }: Pick<Caller, "via" | "subject" | "jti">): string | undefined {
  if (via === "key") return undefined;
  return subject === undefined ? `jti:${jti ?? ""}` : `sub:${subject}`;
}

/**
 * Control entry of an app's event log.
 * Every process that follows the log ends the streams that the entry covers.
 * Stored in the log's entry under the field `c` (events are under `e`), never shown to listeners.
 */
export type Revocation =
  | { readonly jti: string }
  | { readonly sub: string; readonly issuedBefore: number }
  | { readonly keyId: string };

/** True when the revocation covers the caller. */
export function revokes(revocation: Revocation, caller: Caller): boolean {
  if ("jti" in revocation) return caller.jti === revocation.jti;
  if ("keyId" in revocation) return caller.keyId === revocation.keyId;
  return caller.subject === revocation.sub && (caller.issuedAt ?? 0) < revocation.issuedBefore;
}
