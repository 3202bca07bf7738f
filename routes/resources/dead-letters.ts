import { type Request, Router } from "express";
import Type from "typebox";
import type { Caller } from "../../src/model/caller.ts";
import type { Confirm, Submission } from "../../src/operations/submit-activity.ts";
import { replayRequest } from "../../src/outbox/dead-letter-replay.ts";
import { DEAD_LETTER_CURSOR, type DeadLetter, type DeadLetters } from "../../src/outbox/dead-letters.ts";
import type { Outbox } from "../../src/outbox/outbox.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { Problem } from "../http/problem.ts";
import { TargetOutcomeShape } from "./outcome-schema.ts";

const head = {
  rid: Type.Union([Type.String(), Type.Integer()]),
  id: Type.String(),
  platform: Type.String(),
  verb: Type.String(),
  status: Type.Union([Type.Literal("failed"), Type.Literal("partial"), Type.Literal("expired")]),
  actor: Type.Object({ address: Type.String(), name: Type.Optional(Type.String()) }),
  target: Type.Array(TargetOutcomeShape, { description: "What became of each." }),
  error: Type.Optional(TargetOutcomeShape.properties.error),
  attempts: Type.Integer({ minimum: 1 }),
  died: Type.String({ format: "date-time" }),
  replayedAs: Type.Optional(Type.String({ description: "The rid of its replay." })),
};
/** A dead letter in a list. */
export const DeadLetterAnswer = Type.Object(head, { additionalProperties: false });
/** One dead letter with what was to be sent; what looks like a secret is blanked. */
export const DeadLetterWholeAnswer = Type.Object(
  {
    ...head,
    object: Type.Record(Type.String(), Type.Unknown(), {
      description: "Attachments without their contents; passwords and the like are blanked.",
    }),
    context: Type.Optional(Type.Unknown()),
    attachmentsKept: Type.Boolean({ description: "False: it can't be replayed any more." }),
  },
  { additionalProperties: false },
);
export const DeadLetterListAnswer = Type.Object(
  { deadLetters: Type.Array(DeadLetterAnswer), next: Type.Optional(Type.String()) },
  { additionalProperties: false },
);

export interface DeadLetterRoutesDeps {
  readonly who: Authenticate;
  readonly deadLetters: DeadLetters;
  readonly outbox: Pick<Outbox, "blobs">;
  readonly submission: Submission;
}

const PAGE = 100;

/** GET, DELETE and replay of what ended undelivered after it was tried. */
export function deadLetterRoutes({ who, deadLetters, outbox, submission }: DeadLetterRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  const caller = async (req: Request): Promise<Caller> => {
    const it = await who(req, "send");
    if (it.via !== "key") throw new Problem("forbidden", "Dead letters are the app's own: use its API key.");
    return it;
  };
  const found = async (app: string, rid: string): Promise<DeadLetter> => {
    const letter = await deadLetters.find(app, rid);
    if (letter === undefined) throw notFound();
    return letter;
  };

  router.get("/dead-letters", async (req, res) => {
    const { app } = await caller(req);
    const { letters, next } = await deadLetters.list(app, pageOf(req));
    res.json({ deadLetters: letters.map(shown), ...(next === undefined ? {} : { next }) });
  });
  router.get("/dead-letters/:rid", async (req, res) => {
    const { app } = await caller(req);
    const letter = await found(app, req.params.rid);
    res.json(whole(letter, await outbox.blobs(app, req.params.rid)));
  });
  router.delete("/dead-letters/:rid", async (req, res) => {
    const { app } = await caller(req);
    if (!(await deadLetters.remove(app, req.params.rid))) throw notFound();
    res.status(204).end();
  });
  router.post("/dead-letters/:rid/replay", async (req, res) => {
    const it = await caller(req);
    const letter = await found(it.app, req.params.rid);
    const { confirm, again } = await replay({ deadLetters, outbox, submission }, it, letter);
    res.status(202).set("Location", confirm.href);
    if (again) res.set("Idempotent-Replayed", "true");
    res.json(confirm);
  });
  return router;
}

/** Posts a dead letter again under an rid of its own, once; throws `Problem`. */
export async function replay(
  { deadLetters, outbox, submission }: Pick<DeadLetterRoutesDeps, "deadLetters" | "outbox" | "submission">,
  caller: Caller,
  letter: DeadLetter,
): Promise<{ readonly confirm: Confirm; readonly again: boolean }> {
  if (letter.replay !== undefined) return { confirm: JSON.parse(letter.replay) as Confirm, again: true };
  const { rid } = letter.activity;
  const posted = replayRequest(letter, await outbox.blobs(caller.app, rid));
  if (posted === undefined) throw new Problem("content-gone", "Post it anew with its attachments.");
  // The rid follows from the dead letter, so a break before the next line sends nothing twice.
  const submitted = await submission.submit(caller, posted);
  if (!submitted.ok) throw submitted.problem;
  await deadLetters.recordReplay(caller.app, rid, JSON.stringify(submitted.confirm));
  return { confirm: submitted.confirm, again: submitted.replayed };
}

/** What a list shows of a dead letter. */
export function shown({ activity, result, deadLetteredAt: died, replay: again }: DeadLetter): Record<string, unknown> {
  const { rid, id, platform, verb, status, actor, target, error, attempts } = result;
  return {
    rid,
    id,
    platform,
    verb,
    status,
    actor,
    target,
    ...(error === undefined ? {} : { error }),
    attempts,
    died: new Date(died).toISOString(),
    ...(again === undefined ? {} : { replayedAs: `replay.${activity.id}` }),
  };
}

/** All that is known of a dead letter but its secrets. */
export function whole(letter: DeadLetter, blobs: ReadonlyMap<string, Buffer>): Record<string, unknown> {
  const { object, context } = letter.activity;
  return {
    ...shown(letter),
    object: blanked(object),
    ...(context === undefined ? {} : { context }),
    attachmentsKept: replayRequest(letter, blobs) !== undefined,
  };
}

const SECRET = /pass(word|phrase|wd)?$|secret|token|credential|authorization|api[-_]?key/i;

function blanked(value: unknown, name = ""): unknown {
  if (SECRET.test(name)) return "[secret]";
  if (Array.isArray(value)) return value.map((one) => blanked(one));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, blanked(one, key)]));
}

function pageOf({ query }: Request): { readonly limit: number; readonly before?: string } {
  const { after, limit = String(PAGE) } = query;
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
