import { Router } from "express";
import Type, { type Static } from "typebox";
import { MAX_CLOCK_SKEW_SECONDS, Subject, TokenId } from "../../src/apps/listener-token.ts";
import type { Revocations, TokenRevocation } from "../../src/apps/revocations.ts";
import { invalidInput } from "../../src/model/refusal.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { readJson } from "../http/json-body.ts";
import { parseAs } from "../http/validate-body.ts";

const ByToken = Type.Object({ jti: TokenId }, { additionalProperties: false });
const BySubject = Type.Object(
  {
    sub: Subject,
    issuedBefore: Type.Optional(
      Type.String({
        format: "date-time",
        description: "Revokes tokens issued before this time; default: now.",
      }),
    ),
  },
  { additionalProperties: false },
);
/** Body of `POST /revocations`: one token, or all of a subject issued before a time. */
export const RevocationRequest = Type.Union([ByToken, BySubject]);
export type RevocationRequest = Static<typeof RevocationRequest>;

export interface RevocationRoutesDeps {
  readonly authenticate: Authenticate;
  readonly revocations: Pick<Revocations, "revoke">;
}

/** POST /revocations: 204 when it holds for all new requests. Live streams end within a second. */
export function revocationRoutes({ authenticate, revocations }: RevocationRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  router.post("/revocations", async (req, res) => {
    const caller = await authenticate(req, "tokens");
    await revocations.revoke(caller.app, revocationOf((await readJson(req)).value));
    res.status(204).end();
  });
  return router;
}

/** Selects the schema by `jti`, so that faults point into the right one. */
function revocationOf(body: unknown): TokenRevocation {
  if (typeof body === "object" && body !== null && "jti" in body) return parseAs(ByToken, body);
  const { sub, issuedBefore } = parseAs(BySubject, body);
  // Tokens carry whole seconds: the next one covers those issued in this one.
  const now = Math.floor(Date.now() / 1_000) + 1;
  const before = issuedBefore === undefined ? now : Math.ceil(Date.parse(issuedBefore) / 1_000);
  // A leap second passes the schema but is no number for Date.
  if (!(before <= now + MAX_CLOCK_SKEW_SECONDS))
    throw invalidInput([{ pointer: "/issuedBefore", detail: "must not lie in the future" }]);
  return { sub, issuedBefore: before };
}
