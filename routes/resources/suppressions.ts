import { type Request, Router } from "express";
import Type from "typebox";
import { ADDRESS_LENGTH } from "../../src/model/activity.ts";
import { optional } from "../../src/model/optional.ts";
import {
  liftSuppression,
  listSuppressions,
  type SuppressionDeps,
  type SuppressionQuery,
  shownSuppression,
  suppressAddress,
} from "../../src/operations/suppressions.ts";
import { SUPPRESSION_CURSOR } from "../../src/suppressions/redis-suppressions.ts";
import { SUPPRESSION_REASONS } from "../../src/suppressions/suppressions.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { readJson } from "../http/json-body.ts";
import { keyCaller } from "../http/key-caller.ts";
import { badParameter, parametersOf, refuseUnknown, singleParameter } from "../http/query-parameters.ts";
import { parseAs } from "../http/validate-body.ts";

const Address = Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH });
/** Body of `POST /suppressions`. */
export const SuppressionRequest = Type.Object(
  {
    platform: Type.String({ minLength: 1, maxLength: 32 }),
    address: Address,
    detail: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Note, such as `unsubscribed`." })),
  },
  { additionalProperties: false },
);
/** A suppressed address. */
export const SuppressionAnswer = Type.Object(
  {
    id: Type.String(),
    platform: Type.String(),
    address: Type.String(),
    reason: Type.Enum([...SUPPRESSION_REASONS], {
      description: "`bounced`: the address does not exist; `complained`: its owner objected; `added`: by the app.",
    }),
    detail: Type.Optional(
      Type.String({ description: "The network's words, the kind of complaint, or the app's note." }),
    ),
    rid: Type.Optional(
      Type.Union([Type.String(), Type.Integer()], { description: "Activity that bounced or was complained about." }),
    ),
    since: Type.String({ format: "date-time" }),
  },
  { additionalProperties: false },
);
export const SuppressionListAnswer = Type.Object(
  { suppressions: Type.Array(SuppressionAnswer, { maxItems: 100 }), next: Type.Optional(Type.String()) },
  { additionalProperties: false },
);

export interface SuppressionRoutesDeps extends SuppressionDeps {
  readonly authenticate: Authenticate;
}

const PAGE = 100;

/** GET, POST and DELETE of the app's suppressed addresses. */
export function suppressionRoutes(deps: SuppressionRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  const caller = keyCaller(deps.authenticate, "send", "Suppressions");
  router.get("/suppressions", async (req, res) => {
    const { app } = await caller(req);
    const { suppressions, next } = await listSuppressions(deps, app, queryOf(req));
    res.json({ suppressions: suppressions.map(shownSuppression), ...optional("next", next) });
  });
  router.post("/suppressions", async (req, res) => {
    const { app } = await caller(req);
    const request = parseAs(SuppressionRequest, (await readJson(req)).value);
    const { outcome, suppression } = await suppressAddress(deps, app, request);
    res.status(outcome === "added" ? 201 : 200).json(shownSuppression(suppression));
  });
  router.delete("/suppressions/:id", async (req, res) => {
    const { app } = await caller(req);
    await liftSuppression(deps, app, req.params.id);
    res.status(204).end();
  });
  return router;
}

function queryOf({ url }: Request): SuppressionQuery {
  const params = parametersOf(url);
  refuseUnknown(params, ["address", "after", "limit"]);
  const address = singleParameter(params, "address");
  if (address !== undefined && address.length > ADDRESS_LENGTH) {
    throw badParameter("address", `takes an address of up to ${ADDRESS_LENGTH} characters`);
  }
  const after = singleParameter(params, "after");
  if (after !== undefined && !SUPPRESSION_CURSOR.test(after)) {
    throw badParameter("after", "takes `next` of the previous page");
  }
  const limit = Number(singleParameter(params, "limit") ?? PAGE);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE) throw badParameter("limit", `takes 1 to ${PAGE}`);
  return { limit, ...optional("address", address), ...optional("after", after) };
}
