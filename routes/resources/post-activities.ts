import type { IncomingMessage, ServerResponse } from "node:http";
import { RID_PATTERN } from "../../src/model/activity.ts";
import type { Caller, Scope } from "../../src/model/caller.ts";
import type { ResultEvent } from "../../src/model/event.ts";
import type { Log } from "../../src/model/log.ts";
import type { Admission } from "../../src/operations/admission.ts";
import type { Confirm, SubmitActivity } from "../../src/operations/submit-activity.ts";
import type { Outbox } from "../../src/outbox/outbox.ts";
import { parseActivities } from "../http/activity-body.ts";
import { checkType, MAX_BODY_BYTES, readBytes } from "../http/json-body.ts";
import { PRIVATE_HEADERS } from "../http/private-answer.ts";
import { Problem, sendProblem } from "../http/problem.ts";
import { problemTypesOf } from "../http/problem-types.ts";
import { setRateHeaders } from "../http/rate-headers.ts";
import { checkItemCount, type ItemAnswer, itemJson, submitItem } from "../http/submit-items.ts";

/** Waits for an rid's result; `ready` resolves when none can be missed any more. */
export interface ResultWait {
  readonly ready: Promise<void>;
  readonly result: Promise<ResultEvent>;
  readonly stop: () => void;
}

export interface PostActivitiesDeps {
  readonly authenticate: (req: IncomingMessage, scope: Scope) => Promise<Caller>;
  readonly submit: SubmitActivity;
  readonly allowanceOf: Admission["allowanceOf"];
  readonly log: Log;
  readonly outbox: Pick<Outbox, "find">;
  readonly awaitResult: (app: string, rid: string) => ResultWait;
}

const RID = new RegExp(RID_PATTERN);
/** Seconds that `Prefer: wait` may ask for. */
const MAX_WAIT_SECONDS = 30;

/** Answers `POST /activities`; throws `Problem`. Needs nothing of Express, see hot-path.ts. */
export async function postActivities(
  deps: PostActivitiesDeps,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const caller = await deps.authenticate(req, "send");
  checkType(req);
  const value = await parseActivities(await readBytes(req, MAX_BODY_BYTES));
  if (Array.isArray(value)) return list(deps, caller, value, res);
  const key = idempotencyKey(req);
  const wait = waitOf(req);
  const submitted = await submitItem(deps, caller, value, key);
  if (submitted.ok || submitted.problem.status === 429) setRateHeaders(res, await deps.allowanceOf(caller.app));
  if (wait === 0 || !submitted.ok) answer(res, submitted);
  else await awaitOutcome(deps, caller, submitted, wait, res);
}

/** Each item succeeds or fails independently; the answers are in the order of the items. */
async function list(
  deps: PostActivitiesDeps,
  caller: Caller,
  items: readonly unknown[],
  res: ServerResponse,
): Promise<void> {
  checkItemCount(items);
  const answers = await Promise.all(items.map((item) => submitItem(deps, caller, item)));
  setRateHeaders(res, await deps.allowanceOf(caller.app));
  sendJson(
    res,
    202,
    answers.map((answer) => itemJson(answer, problemTypesOf(res.req.socket))),
  );
}

function answer(res: ServerResponse, submitted: ItemAnswer): void {
  if (submitted.ok) sendJson(res, 202, submitted.confirm, headersOf(submitted.confirm, submitted.replayed));
  else sendProblem(res, submitted.problem);
}

async function awaitOutcome(
  deps: PostActivitiesDeps,
  caller: Caller,
  submitted: Extract<ItemAnswer, { ok: true }>,
  seconds: number,
  res: ServerResponse,
): Promise<void> {
  // A generated rid is not known before accepting, and its result may come before anybody listens: so look it up too.
  const rid = String(submitted.confirm.rid);
  const waiting = deps.awaitResult(caller.app, rid);
  const early = waiting.ready
    .then(async () => (await deps.outbox.find(caller.app, rid))?.result ?? waiting.result)
    // It is accepted all the same: an answer that can't be waited for is the plain confirm.
    .catch(() => undefined);
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

function idempotencyKey(req: IncomingMessage): string | undefined {
  const key = req.headers["idempotency-key"];
  if (typeof key !== "string") return undefined;
  // The IETF draft makes it a quoted string; most clients send it bare.
  const bare = key.replace(/^"(.*)"$/, "$1");
  if (!RID.test(bare)) throw new Problem("bad-parameter", "Idempotency-Key takes 1 to 128 of A-Z a-z 0-9 . _ : @ ~ -");
  return bare;
}

function waitOf(req: IncomingMessage): number {
  const prefer = req.headers.prefer;
  const preference = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(
    Array.isArray(prefer) ? prefer.join(",") : (prefer ?? ""),
  );
  return preference ? Math.min(Number(preference[1]), MAX_WAIT_SECONDS) : 0;
}

function headersOf(confirm: Confirm, replayed: boolean): Record<string, string> {
  return { Location: confirm.href, ...(replayed ? { "Idempotent-Replayed": "true" } : {}) };
}

function sendJson(res: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  const body = Buffer.from(JSON.stringify(value));
  res.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": body.length,
    ...PRIVATE_HEADERS,
    ...headers,
  });
  res.end(body);
}
