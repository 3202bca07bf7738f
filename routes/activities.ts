import type { IncomingMessage, ServerResponse } from "node:http";
import { Router } from "express";
import type { Caller, Scope } from "../src/apps/caller.ts";
import { resultEvent, targetsOf } from "../src/delivery/events.ts";
import type { ResultEvent } from "../src/event.ts";
import type { LaneQueues } from "../src/outbox/lane-queues.ts";
import type { Outbox, Stored } from "../src/outbox/outbox.ts";
import { BODY_MOST, PLAIN_BODY_MOST, readJson } from "./json-body.ts";
import { Problem, sendProblem } from "./problem.ts";
import type { Confirm, Submission, Submitted } from "./submit.ts";

/** Waits for an rid's result; `ready` resolves when none can be missed any more. */
export interface Waiting {
  readonly ready: Promise<void>;
  readonly result: Promise<ResultEvent>;
  readonly stop: () => void;
}

export interface ActivityRoutesDeps {
  readonly who: (req: IncomingMessage, scope: Scope) => Promise<Caller>;
  readonly submission: Submission;
  readonly outbox: Outbox;
  readonly lanes: Pick<LaneQueues, "hasten">;
  readonly awaitResult: (app: string, rid: string) => Waiting;
}

/** How many activities one POST may carry. */
export const LIST_MOST = 100;
/** Seconds that `Prefer: wait` may ask for. */
const WAIT_MOST = 30;

/** POST, GET and DELETE of activities. */
export function activityRoutes(deps: ActivityRoutesDeps): Router {
  const router = Router();
  router.post("/activities", (req, res) => postActivities(deps, req, res));
  router.get("/activities/:rid", async (req, res) => {
    const caller = await deps.who(req, "send");
    const stored = await found(deps.outbox, caller, req.params.rid);
    res.json(standingOf(stored));
  });
  router.delete("/activities/:rid", async (req, res) => {
    const caller = await deps.who(req, "send");
    res.json(await cancel(deps, caller, req.params.rid));
  });
  return router;
}

/** Answers `POST /activities`; throws `Problem`. Needs nothing of Express, see hot-path.ts. */
export async function postActivities(
  { who, submission, awaitResult, outbox }: ActivityRoutesDeps,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const caller = await who(req, "send");
  const { value, bytes } = await readJson(req, BODY_MOST);
  if (Array.isArray(value)) return list(submission, caller, value, bytes, res);
  refuseLarge(value, bytes);
  const key = idempotencyKey(req);
  const wait = waitOf(req);
  if (wait === 0) return answer(res, await submission.submit(caller, value, key));
  await postAndWait({ submission, awaitResult, outbox }, caller, value, key, wait, res);
}

/** Items stand or fall alone; the order of the answers is that of the items. */
async function list(
  submission: Submission,
  caller: Caller,
  items: readonly unknown[],
  bytes: number,
  res: ServerResponse,
): Promise<void> {
  if (items.length === 0 || items.length > LIST_MOST) {
    throw new Problem("validation-failed", `A list holds 1 to ${LIST_MOST} activities.`, {
      errors: [{ pointer: "", detail: `must hold 1 to ${LIST_MOST} activities` }],
    });
  }
  if (bytes > PLAIN_BODY_MOST * items.length && !items.some(hasAttachments)) throw tooLarge();
  const answers = await Promise.all(items.map((item) => submission.submit(caller, item)));
  sendJson(
    res,
    202,
    answers.map((one) =>
      one.ok
        ? one.confirm
        : { type: "refused", ...(one.rid === undefined ? {} : { rid: one.rid }), problem: one.problem.document() },
    ),
  );
}

function answer(res: ServerResponse, submitted: Submitted): void {
  if (submitted.ok) sendJson(res, 202, submitted.confirm, headersOf(submitted.confirm, submitted.replayed));
  else sendProblem(res, submitted.problem);
}

async function postAndWait(
  { submission, awaitResult, outbox }: Pick<ActivityRoutesDeps, "submission" | "awaitResult" | "outbox">,
  caller: Caller,
  value: unknown,
  key: string | undefined,
  seconds: number,
  res: ServerResponse,
): Promise<void> {
  // A generated rid is not known before accepting, and its result may come before anybody listens: so look it up too.
  const submitted = await submission.submit(caller, value, key);
  if (!submitted.ok) return sendProblem(res, submitted.problem);
  const rid = String(submitted.confirm.rid);
  const waiting = awaitResult(caller.app, rid);
  const early = waiting.ready.then(async () => (await outbox.find(caller.app, rid))?.result ?? waiting.result);
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timeout = setTimeout(() => resolve(undefined), seconds * 1_000);
    res.once("close", () => resolve(undefined));
  });
  try {
    const result = await Promise.race([early, late]);
    const headers = headersOf(submitted.confirm, submitted.replayed);
    if (result) sendJson(res, 200, result, { ...headers, "Preference-Applied": `wait=${seconds}` });
    else answer(res, submitted);
  } finally {
    clearTimeout(timeout);
    waiting.stop();
  }
}

async function cancel(
  { outbox, lanes }: Pick<ActivityRoutesDeps, "outbox" | "lanes">,
  caller: Caller,
  rid: string,
): Promise<Record<string, unknown>> {
  const stored = await found(outbox, caller, rid);
  const facts = { status: "cancelled", decided: stored.decided, attempts: stored.attempts, now: Date.now() } as const;
  const event = JSON.stringify(resultEvent(stored, stored.rid, facts));
  const ended = await outbox.end(caller.app, rid, stored.lane, { status: "cancelled", event, committed: false });
  if (ended.outcome === "missing") throw notFound();
  if (ended.outcome !== "ended")
    throw new Problem("too-late", "It is being sent or has ended; GET the activity to see what became of it.", {
      rid: stored.rid,
    });
  if (ended.wake) await lanes.hasten(ended.wake);
  return standingOf((await outbox.find(caller.app, rid)) ?? stored);
}

async function found(outbox: Outbox, caller: Caller, rid: string): Promise<Stored> {
  const stored = await outbox.find(caller.app, rid);
  const { actors, platforms } = caller.limits;
  if (
    !stored ||
    (actors && !actors.includes(stored.actor.address)) ||
    (platforms && !platforms.includes(stored.platform))
  )
    throw notFound();
  return stored;
}

function notFound(): Problem {
  return new Problem("not-found", "No activity with this rid, or it was finished too long ago.");
}

/** What `GET /activities/{rid}` answers. */
function standingOf(stored: Stored): Record<string, unknown> {
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    rid: stored.rid,
    id: stored.id,
    platform: stored.platform,
    verb: stored.verb,
    status: stored.status,
    actor: stored.actor,
    target: stored.result?.target ?? targetsOf(stored, stored.decided, stored.status),
    attempts: stored.attempts,
    accepted: time(stored.acceptedAt),
    due: time(stored.dueAt),
    expires: time(stored.expiresAt),
    ...(stored.retryAt === undefined ? {} : { retryAt: time(stored.retryAt) }),
    ...(stored.result === undefined ? {} : { result: stored.result }),
  };
}

function idempotencyKey(req: IncomingMessage): string | undefined {
  const key = req.headers["idempotency-key"];
  if (typeof key !== "string") return undefined;
  // The IETF draft makes it a quoted string; most clients send it bare.
  const bare = key.replace(/^"(.*)"$/, "$1");
  if (!/^[A-Za-z0-9._:@~-]{1,128}$/.test(bare))
    throw new Problem("bad-parameter", "Idempotency-Key takes 1 to 128 of A-Z a-z 0-9 . _ : @ ~ -");
  return bare;
}

function waitOf(req: IncomingMessage): number {
  const prefer = req.headers.prefer;
  const asked = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(Array.isArray(prefer) ? prefer.join(",") : (prefer ?? ""));
  return asked ? Math.min(Number(asked[1]), WAIT_MOST) : 0;
}

/** A body over the plain limit is only taken for attachments' sake. */
export function refuseLarge(value: unknown, bytes: number): void {
  if (bytes > PLAIN_BODY_MOST && !hasAttachments(value)) throw tooLarge();
}

function tooLarge(): Problem {
  return new Problem("payload-too-large", "Without attachments an activity may weigh 64 kB.");
}

function hasAttachments(value: unknown): boolean {
  const object = (value as { object?: { attachments?: unknown } } | null)?.object;
  return Array.isArray(object?.attachments) && object.attachments.length > 0;
}

function headersOf(confirm: Confirm, replayed: boolean): Record<string, string> {
  return { Location: confirm.href, ...(replayed ? { "Idempotent-Replayed": "true" } : {}) };
}

function sendJson(res: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  const body = Buffer.from(JSON.stringify(value));
  res.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": body.length,
    "Cache-Control": "no-store",
    ...headers,
  });
  res.end(body);
}
