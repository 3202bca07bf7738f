import type { IncomingMessage, ServerResponse } from "node:http";
import { RID_PATTERN } from "../../src/model/activity.ts";
import type { Caller, Scope } from "../../src/model/caller.ts";
import type { ResultEvent } from "../../src/model/event.ts";
import type { Confirm, Submission, Submitted } from "../../src/operations/submit-activity.ts";
import type { Outbox } from "../../src/outbox/outbox.ts";
import { refuseLarge } from "../http/body-limit.ts";
import { BODY_MOST, readJson } from "../http/json-body.ts";
import { Problem, sendProblem } from "../http/problem.ts";

/** Waits for an rid's result; `ready` resolves when none can be missed any more. */
export interface Waiting {
  readonly ready: Promise<void>;
  readonly result: Promise<ResultEvent>;
  readonly stop: () => void;
}

export interface PostDeps {
  readonly who: (req: IncomingMessage, scope: Scope) => Promise<Caller>;
  readonly submission: Submission;
  readonly outbox: Pick<Outbox, "find">;
  readonly awaitResult: (app: string, rid: string) => Waiting;
}

/** How many activities one POST may carry. */
export const LIST_MOST = 100;
const RID = new RegExp(RID_PATTERN);
/** Seconds that `Prefer: wait` may ask for. */
const WAIT_MOST = 30;

/** Answers `POST /activities`; throws `Problem`. Needs nothing of Express, see hot-path.ts. */
export async function postActivities(deps: PostDeps, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const caller = await deps.who(req, "send");
  const { value, bytes } = await readJson(req, BODY_MOST);
  refuseLarge(value, bytes);
  if (Array.isArray(value)) return list(deps.submission, caller, value, res);
  const key = idempotencyKey(req);
  const wait = waitOf(req);
  if (wait === 0) return answer(res, await deps.submission.submit(caller, value, key));
  await postAndWait(deps, caller, value, key, wait, res);
}

/** Items stand or fall alone; the order of the answers is that of the items. */
async function list(
  submission: Submission,
  caller: Caller,
  items: readonly unknown[],
  res: ServerResponse,
): Promise<void> {
  if (items.length === 0 || items.length > LIST_MOST) {
    throw new Problem("validation-failed", `A list holds 1 to ${LIST_MOST} activities.`, {
      errors: [{ pointer: "", detail: `must hold 1 to ${LIST_MOST} activities` }],
    });
  }
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
  { submission, awaitResult, outbox }: PostDeps,
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
  const early = waiting.ready
    .then(async () => (await outbox.find(caller.app, rid))?.result ?? waiting.result)
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
  const asked = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(Array.isArray(prefer) ? prefer.join(",") : (prefer ?? ""));
  return asked ? Math.min(Number(asked[1]), WAIT_MOST) : 0;
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
