import { Router } from "express";
import Type, { type Static } from "typebox";
import type { CachedKey } from "../../src/apps/key-cache.ts";
import {
  claimsForGrant,
  limitFields,
  MAX_TOKEN_SECONDS,
  Subject,
  signToken,
  TOKEN_SCOPES,
} from "../../src/apps/listener-token.ts";
import { TICKET_SECONDS, type Tickets } from "../../src/apps/tickets.ts";
import type { Caller, Scope } from "../../src/model/caller.ts";
import type { PlatformRegistry } from "../../src/platform/platform-registry.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { readJson } from "../http/json-body.ts";
import { PRIVATE_HEADERS } from "../http/private-answer.ts";
import { Problem } from "../http/problem.ts";
import { parseAs } from "../http/validate-body.ts";

/** Body of `POST /tokens`. */
export const TokenRequest = Type.Object(
  {
    sub: Type.Optional(Subject),
    scope: Type.Optional(
      Type.String({
        pattern: "^(listen|send)( (listen|send))?$",
        description: "`listen`, `send` or both, separated by a space; default `listen`.",
      }),
    ),
    expiresIn: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_TOKEN_SECONDS,
        description: "Seconds; default 600. For a ticket: maximum of its stream session, default 86400.",
      }),
    ),
    ticket: Type.Optional(
      Type.Boolean({ description: "Issues a one-time ticket for `?ticket=`, valid for 60 s, in place of a token." }),
    ),
    ...limitFields,
  },
  { additionalProperties: false },
);
export type TokenRequest = Static<typeof TokenRequest>;

/** Answer of `POST /tokens`. */
export const TokenAnswer = Type.Object(
  {
    token: Type.String({ description: "The token, or the ticket." }),
    expiresAt: Type.String({
      format: "date-time",
      description: "End of validity; for a ticket, the end of redemption.",
    }),
    jti: Type.String({ description: "Token id for `POST /revocations`." }),
  },
  { additionalProperties: false },
);
export type TokenAnswer = Static<typeof TokenAnswer>;

export interface TokenRoutesDeps {
  readonly authenticate: Authenticate;
  /** See `keyCache`. */
  readonly keys: (keyId: string) => Promise<CachedKey | undefined>;
  readonly tickets: Pick<Tickets, "issue">;
  readonly platforms: PlatformRegistry;
}

const USUAL_SECONDS = 600;

/** POST /tokens. */
export function tokenRoutes(deps: TokenRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  router.post("/tokens", async (req, res) => {
    const caller = await deps.authenticate(req, "tokens");
    const answer = await granted(deps, caller, parseAs(TokenRequest, (await readJson(req)).value));
    res.status(201).set(PRIVATE_HEADERS).json(answer);
  });
  return router;
}

async function granted(deps: TokenRoutesDeps, caller: Caller, request: TokenRequest): Promise<TokenAnswer> {
  const { actors, verbs, ticket = false } = request;
  const platforms = request.platforms?.map((name, i) => deps.platforms.require(name, `/platforms/${i}`).id);
  const claims = claimsForGrant({
    subject: request.sub,
    scopes: scopesOf(caller, request.scope ?? "listen"),
    limits: { ...(actors && { actors }), ...(platforms && { platforms }), ...(verbs && { verbs }) },
    seconds: request.expiresIn ?? (ticket ? MAX_TOKEN_SECONDS : USUAL_SECONDS),
  });
  const { jti, iat, exp } = claims;
  if (ticket) {
    const token = await deps.tickets.issue({ ...claims, keyId: caller.keyId, app: caller.app });
    return { token, jti, expiresAt: timeOf(Math.min(iat + TICKET_SECONDS, exp)) };
  }
  const key = await deps.keys(caller.keyId);
  if (key === undefined) throw new Problem("unauthenticated", "The API key was revoked.");
  return { token: await signToken(claims, await key.listenerKey(), caller.keyId), jti, expiresAt: timeOf(exp) };
}

function scopesOf(caller: Caller, scope: string): readonly Scope[] {
  const wanted = scope.split(" ");
  const scopes = TOKEN_SCOPES.filter((scope) => wanted.includes(scope));
  const lacking = scopes.find((scope) => !caller.scopes.has(scope));
  if (lacking !== undefined) throw new Problem("forbidden", `The key lacks the scope ${lacking}.`);
  return scopes;
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
