import type { IncomingMessage } from "node:http";
import { matchesHash, parseApiKey } from "../../src/apps/api-key.ts";
import type { CachedKey } from "../../src/apps/key-cache.ts";
import { callerFromClaims, readKeyId, verifyToken } from "../../src/apps/listener-token.ts";
import type { Revocations } from "../../src/apps/revocations.ts";
import { type Tickets, ticketCookie } from "../../src/apps/tickets.ts";
import type { Caller, Scope } from "../../src/model/caller.ts";
import type { CountFailedAuth } from "./auth-rate-limit.ts";
import { type Credential, cookieOf, credentialOf } from "./credentials.ts";
import { EndedToken } from "./ended-token.ts";
import type { Origins } from "./origin.ts";
import { Problem } from "./problem.ts";
import type { ProxyTrust } from "./proxy-trust.ts";

/** What is asked. Streams and sockets also take tickets and tell ended tokens from wrong ones. */
export type RequestKind = "call" | "stream" | "socket";

/**
 * Says who asks, if they may. Throws `Problem` (`unauthenticated`, `forbidden`, `rate-limited`), and for streams and
 * sockets `EndedToken` when the token was right once but expired or was revoked.
 */
export type Authenticate = (req: IncomingMessage, scope: Scope, kind?: RequestKind) => Promise<Caller>;

export interface AuthenticateDeps {
  /** See `keyCache`. */
  readonly keys: (keyId: string) => Promise<CachedKey | undefined>;
  readonly revocations: Pick<Revocations, "isRevoked">;
  readonly tickets: Pick<Tickets, "redeem">;
  readonly origins: Pick<Origins, "allowedCookie" | "allowedOrigin">;
  readonly countFailedAuth: CountFailedAuth;
  readonly proxyTrust: Pick<ProxyTrust, "isHttps">;
  readonly basePath: string;
  /** A platform's own id for any of its names; tokens may say `smtp` for `email`. */
  readonly canonicalId: (platform: string) => string;
  /** Milliseconds; for tests. */
  readonly now?: () => number;
}

type Seen = { readonly caller: Caller; readonly ended?: boolean } | { readonly wrong: string };
const wrong = (detail: string): Seen => ({ wrong: detail });

const MISSING = "Send an API key or a listener token as `Authorization: Bearer …`.";
const WRONG_KEY = "The API key is not valid: unknown, revoked or incomplete.";
const WRONG_TOKEN = "The token is not valid: it is not signed by a known key.";
const WRONG_TICKET = "The ticket is not valid: unknown, too old, or used already. Ask for a new one.";
const ELSEWHERE = "A page of this origin may not use the user's cookie; ALLOWED_ORIGINS can let it.";
const ENDED = "The token has expired or was revoked; get a new one.";

/** Makes the one function that all routes ask. A known API key costs a SHA-256 and no round trip. */
export function authenticator(deps: AuthenticateDeps): Authenticate {
  const check = checks(deps);
  return async (req, scope, kind = "call") => {
    const credential = credentialOf(req, kind !== "call" && req.method === "GET");
    if (credential === undefined) throw new Problem("unauthenticated", MISSING);
    refuseElsewhere(deps.origins, req, credential.kind);
    const seen = await check[credential.kind](credential.text, req);
    if ("wrong" in seen) {
      await deps.countFailedAuth(req);
      throw new Problem("unauthenticated", seen.wrong);
    }
    if (seen.ended) throw kind === "call" ? new Problem("unauthenticated", ENDED) : new EndedToken(ENDED);
    return allowed(seen.caller, scope);
  };
}

/** Refuses cookies and tickets from pages of other origins, since browsers send them unasked. */
function refuseElsewhere(origins: AuthenticateDeps["origins"], req: IncomingMessage, kind: Credential["kind"]): void {
  const here = kind === "bearer" || (kind === "cookie" ? origins.allowedCookie(req) : origins.allowedOrigin(req));
  if (!here) throw new Problem("forbidden", ELSEWHERE);
}

function allowed(caller: Caller, scope: Scope): Caller {
  if (caller.scopes.has(scope)) return caller;
  throw new Problem("forbidden", `The ${caller.via === "key" ? "key" : "token"} lacks the scope ${scope}.`);
}

type Check = (text: string, req: IncomingMessage) => Promise<Seen>;

function checks(deps: AuthenticateDeps): Record<Credential["kind"], Check> {
  const seconds = (): number => (deps.now ?? Date.now)() / 1_000;
  const standing = async (caller: Caller, key: CachedKey, ended: boolean): Promise<Seen> => ({
    caller: withCanonicalPlatforms(caller, deps.canonicalId),
    ended: ended || key.record.revoked !== undefined || (await deps.revocations.isRevoked(caller)),
  });

  const token = async (text: string, cookie: boolean): Promise<Seen> => {
    const keyId = readKeyId(text);
    const key = keyId === undefined ? undefined : await deps.keys(keyId);
    if (key === undefined) return wrong(WRONG_TOKEN);
    const verdict = await verifyToken(text, await key.listenerKey(), seconds());
    if (verdict.kind === "bad") return wrong(verdict.detail);
    if (!key.caller.scopes.has("tokens")) throw new Problem("forbidden", "The token's key lacks the scope tokens.");
    return standing(
      callerFromClaims(verdict.claims, key.caller, { via: "token", cookie }),
      key,
      verdict.kind === "ended",
    );
  };

  const bearer: Check = async (text) => {
    const apiKey = parseApiKey(text);
    if (apiKey === undefined) return text.startsWith("dgm_") ? wrong(WRONG_KEY) : token(text, false);
    if (apiKey === "mistyped") return wrong("The API key holds a typing error: its checksum is wrong.");
    const key = await deps.keys(apiKey.id);
    if (key === undefined || !matchesHash(text, key.record.hash) || key.record.revoked !== undefined)
      return wrong(WRONG_KEY);
    return { caller: key.caller };
  };

  const ticket: Check = async (text, req) => {
    const name = ticketCookie(text);
    const session = await deps.tickets.redeem(text, cookieOf(req, name));
    const key = session && (await deps.keys(session.claims.keyId));
    if (session === undefined || key === undefined) return wrong(WRONG_TICKET);
    const caller = callerFromClaims(session.claims, key.caller, { via: "ticket", cookie: false });
    const age = Math.floor(session.claims.exp - seconds());
    if (session.secret === undefined || age <= 0) return standing(caller, key, age <= 0);
    const secure = deps.proxyTrust.isHttps(req) ? "; Secure" : "";
    const path = deps.basePath === "" ? "/" : deps.basePath;
    const setCookie = `${name}=${session.secret}; Path=${path}; Max-Age=${age}; HttpOnly; SameSite=Lax${secure}`;
    return standing({ ...caller, setCookie }, key, false);
  };

  return { bearer, cookie: (text) => token(text, true), ticket };
}

function withCanonicalPlatforms(caller: Caller, canonical: (platform: string) => string): Caller {
  const { platforms } = caller.limits;
  return platforms === undefined
    ? caller
    : { ...caller, limits: { ...caller.limits, platforms: platforms.map(canonical) } };
}
