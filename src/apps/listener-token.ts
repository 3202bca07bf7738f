import { type KeyObject, randomUUID } from "node:crypto";
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import Type, { type Static } from "typebox";
import { ADDRESS_LENGTH } from "../model/activity.ts";
import type { Caller, Limits, Scope } from "../model/caller.ts";
import { validationErrors } from "../model/validate.ts";
import { isKeyId } from "./api-key.ts";

/** Longest lifetime of a listener token, in seconds. */
export const MAX_TOKEN_SECONDS = 86_400;
/** Tolerated difference of clocks, in seconds. */
export const MAX_CLOCK_SKEW_SECONDS = 30;
/** Longer tokens are rejected without parsing. */
const MAX_TOKEN_LENGTH = 8_192;
/** Scopes that tokens can have, independent of the key's scopes. */
export const TOKEN_SCOPES = ["listen", "send"] as const satisfies readonly Scope[];

/** Id of a token, used in revocations. */
export const TokenId = Type.String({ pattern: "^[A-Za-z0-9._:@~-]{1,128}$" });
/** The app's own id of a token's user. */
export const Subject = Type.String({ minLength: 1, maxLength: 256, pattern: "^[^\\u0000-\\u001f\\u007f]+$" });
const names = (length: number) => Type.Array(Type.String({ minLength: 1, maxLength: length }), { maxItems: 100 });
/** Limits of a token: absent means all, an empty list none. */
export const limitFields = {
  actors: Type.Optional(names(ADDRESS_LENGTH)),
  platforms: Type.Optional(names(32)),
  verbs: Type.Optional(names(32)),
};

const Claims = Type.Object(
  {
    iat: Type.Number({ minimum: 0 }),
    exp: Type.Number({ minimum: 0 }),
    sub: Type.Optional(Subject),
    jti: Type.Optional(TokenId),
    scope: Type.Optional(Type.String({ maxLength: 128 })),
    ...limitFields,
  },
  { additionalProperties: true },
);
/** Claims of a listener token: names of RFC 7519, and the arrays of limits. */
export type Claims = Static<typeof Claims>;

/** Permissions of a new token, and its user. */
export interface Grant {
  readonly subject?: string | undefined;
  readonly scopes: readonly Scope[];
  readonly limits: Limits;
  /** Lifetime of the token. */
  readonly seconds: number;
}

/** Returns the claims of a grant, issued now. */
export function claimsForGrant({ subject, scopes, limits, seconds }: Grant): Claims & { readonly jti: string } {
  const iat = Math.floor(Date.now() / 1_000);
  const { actors, platforms, verbs } = limits;
  return {
    iat,
    exp: iat + seconds,
    jti: randomUUID(),
    scope: scopes.join(" "),
    ...(subject === undefined ? {} : { sub: subject }),
    ...(actors && { actors: [...actors] }),
    ...(platforms && { platforms: [...platforms] }),
    ...(verbs && { verbs: [...verbs] }),
  };
}

/** Signs claims as a listener token (JWT, HS256) with an app's listener key. */
export function signToken(claims: Claims, key: KeyObject, keyId: string): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT", kid: keyId }).sign(key);
}

/** Reads the key id of an unverified token; undefined for any other text. */
export function readKeyId(token: string): string | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return alg === "HS256" && isKeyId(kid) ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** Result of verifying a token. `ended`: valid before, now expired; `bad`: never valid. */
export type TokenVerdict =
  | { readonly kind: "good" | "ended"; readonly claims: Claims }
  | { readonly kind: "bad"; readonly detail: string };

const bad = (detail: string): TokenVerdict => ({ kind: "bad", detail });

/** Verifies a token's signature and claims; `seconds` is the current Unix time. */
export async function verifyToken(token: string, key: KeyObject, seconds: number): Promise<TokenVerdict> {
  const options = {
    algorithms: ["HS256"],
    clockTolerance: MAX_CLOCK_SKEW_SECONDS,
    currentDate: new Date(seconds * 1_000),
  };
  let payload: unknown;
  let isExpired = false;
  try {
    ({ payload } = await jwtVerify(token, key, options));
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    if (!(error instanceof errors.JWTExpired)) return bad("The token is not valid.");
    payload = error.payload;
    isExpired = true;
  }
  const [error] = validationErrors(Claims, payload);
  if (error !== undefined) return bad(`The token's claim ${error.pointer} ${error.detail}.`);
  const claims = payload as Claims;
  if (claims.iat > seconds + MAX_CLOCK_SKEW_SECONDS) return bad("The token's iat lies in the future.");
  if (claims.exp - claims.iat > MAX_TOKEN_SECONDS) return bad("The token's exp is more than 24 h after its iat.");
  return { kind: isExpired ? "ended" : "good", claims };
}

/** Returns the caller of a token. Its rights never exceed those of the signing key. */
export function callerFromClaims(claims: Claims, key: Caller, source: Pick<Caller, "via" | "cookie">): Caller {
  const requested = (claims.scope ?? "listen").split(" ");
  const { sub, jti, actors, platforms, verbs } = claims;
  return {
    app: key.app,
    keyId: key.keyId,
    ...source,
    scopes: new Set(TOKEN_SCOPES.filter((scope) => requested.includes(scope) && key.scopes.has(scope))),
    limits: { ...(actors && { actors }), ...(platforms && { platforms }), ...(verbs && { verbs }) },
    ...(sub === undefined ? {} : { subject: sub }),
    ...(jti === undefined ? {} : { jti }),
    issuedAt: claims.iat,
    expiresAt: claims.exp,
  };
}
