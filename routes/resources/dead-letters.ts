import { type Request, Router } from "express";
import Type from "typebox";
import { describeDeadLetter, summarizeDeadLetter } from "../../src/operations/describe-dead-letter.ts";
import { type ReplayDeps, replayDeadLetter } from "../../src/operations/replay-dead-letter.ts";
import { DEAD_LETTER_CURSOR, type DeadLetter } from "../../src/outbox/dead-letters.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { keyCaller } from "../http/key-caller.ts";
import { Problem } from "../http/problem.ts";
import { parametersOf, refuseUnknown } from "../http/query-parameters.ts";
import { TargetOutcomeSchema } from "./outcome-schema.ts";

const head = {
  rid: Type.Union([Type.String(), Type.Integer()]),
  id: Type.String(),
  platform: Type.String(),
  verb: Type.String(),
  status: Type.Union([Type.Literal("failed"), Type.Literal("partial"), Type.Literal("expired")]),
  actor: Type.Object({ address: Type.String(), name: Type.Optional(Type.String()) }),
  target: Type.Array(TargetOutcomeSchema, { description: "Outcome of each target." }),
  error: Type.Optional(TargetOutcomeSchema.properties.error),
  attempts: Type.Integer({ minimum: 1 }),
  died: Type.String({ format: "date-time" }),
  replayedAs: Type.Optional(Type.String({ description: "Rid of the replay." })),
};
/** A dead letter in a list. */
export const DeadLetterAnswer = Type.Object(head, { additionalProperties: false });
/** Dead letter with its content. What looks like a secret is blanked. */
export const DeadLetterWholeAnswer = Type.Object(
  {
    ...head,
    object: Type.Record(Type.String(), Type.Unknown(), {
      description: "Attachments without their contents; secrets are masked.",
    }),
    context: Type.Optional(Type.Unknown()),
    attachmentsKept: Type.Boolean({ description: "False: the activity can no longer be replayed." }),
  },
  { additionalProperties: false },
);
export const DeadLetterListAnswer = Type.Object(
  { deadLetters: Type.Array(DeadLetterAnswer), next: Type.Optional(Type.String()) },
  { additionalProperties: false },
);

export interface DeadLetterRoutesDeps extends ReplayDeps {
  readonly authenticate: Authenticate;
}

const PAGE = 100;

/** GET, DELETE and replay of dead letters. */
export function deadLetterRoutes(deps: DeadLetterRoutesDeps): Router {
  const { authenticate, deadLetters, outbox } = deps;
  const router = Router({ caseSensitive: true });
  const caller = keyCaller(authenticate, "send", "Dead letters");
  const found = async (app: string, rid: string): Promise<DeadLetter> => {
    const letter = await deadLetters.find(app, rid);
    if (letter === undefined) throw notFound();
    return letter;
  };

  router.get("/dead-letters", async (req, res) => {
    const { app } = await caller(req);
    refuseUnknown(parametersOf(req.url), ["after", "limit"]);
    const { letters, next } = await deadLetters.list(app, pageOf(req));
    res.json({ deadLetters: letters.map(summarizeDeadLetter), ...(next === undefined ? {} : { next }) });
  });
  router.get("/dead-letters/:rid", async (req, res) => {
    const { app } = await caller(req);
    const letter = await found(app, req.params.rid);
    res.json(describeDeadLetter(letter, await outbox.blobs(app, req.params.rid)));
  });
  router.delete("/dead-letters/:rid", async (req, res) => {
    const { app } = await caller(req);
    if (!(await deadLetters.remove(app, req.params.rid))) throw notFound();
    res.status(204).end();
  });
  router.post("/dead-letters/:rid/replay", async (req, res) => {
    const operator = await caller(req);
    const letter = await found(operator.app, req.params.rid);
    const { confirm, replayed } = await replayDeadLetter(deps, operator, letter);
    res.status(202).set("Location", confirm.href);
    if (replayed) res.set("Idempotent-Replayed", "true");
    res.json(confirm);
  });
  return router;
}

function pageOf({ query }: Request): { readonly limit: number; readonly before?: string } {
  const { limit = String(PAGE) } = query;
  const after = query.after === "" ? undefined : query.after;
  if (after !== undefined && (typeof after !== "string" || !DEAD_LETTER_CURSOR.test(after))) {
    throw new Problem("bad-parameter", "`after` takes the `next` of the page before.");
  }
  const size = typeof limit === "string" && /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
  if (size < 1 || size > PAGE) throw new Problem("bad-parameter", `\`limit\` takes 1 to ${PAGE}.`);
  return { limit: size, ...(after === undefined ? {} : { before: after }) };
}

function notFound(): Problem {
  return new Problem("not-found", "No dead letter with this rid.");
}
