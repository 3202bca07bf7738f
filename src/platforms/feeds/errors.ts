import { Failure, type FailureKind } from "../../model/failure.ts";

type Meaning = readonly [kind: FailureKind, code: string, detail: string];

const MISSING: Meaning = ["permanent", "recipient-unknown", "There is no feed at this address."];
const GONE: Meaning = ["permanent", "recipient-unknown", "The feed is gone for good (410): stop asking for it."];
const CLOSED: Meaning = ["permanent", "permission-denied", "The feed is not public."];
const LIMIT: Meaning = ["rate-limited", "platform-rate-limited", "The server limits how often it is asked."];
const AWAY: Meaning = ["retryable", "platform-unavailable", "The server can't answer now."];
const REFUSED: Meaning = ["permanent", "platform-rejected", "The server refuses to give the feed."];
const STOPPED: Meaning = ["retryable", "platform-timeout", "The server did not answer in time."];
const BROKEN: Meaning = ["retryable", "internal-error", "Something broke on our side while reading the feed."];

const A_DAY_MS = 86_400_000;

/** The failure for an answer that is not a success. `retryAfter` is the header: seconds or an HTTP date. */
export function statusFailure(status: number, retryAfter: string | undefined): Failure {
  const [kind, code, detail] = meaning(status);
  const wait = kind === "permanent" ? undefined : waitOf(retryAfter);
  const platformCode = `HTTP ${status}`;
  return new Failure({ kind, code, detail, platformCode, ...(wait === undefined ? {} : { retryAfterMs: wait }) });
}

function meaning(status: number): Meaning {
  if (status === 404) return MISSING;
  if (status === 410) return GONE;
  if (status === 401 || status === 403) return CLOSED;
  if (status === 429) return LIMIT;
  return status >= 500 ? AWAY : REFUSED;
}

function waitOf(retryAfter = ""): number | undefined {
  const ms = /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), A_DAY_MS);
}

/** The failure for a document that is no feed and leads to none. */
export function noFeed(): Failure {
  const detail = "What is at this address is neither a feed that can be read nor a page that names one.";
  return new Failure({ kind: "permanent", code: "platform-protocol-error", detail });
}

/** The failure for a chain of redirects that is too long or leads nowhere. */
export function badRedirect(status: number): Failure {
  const detail = "The address redirects too often, or to nothing that can be opened.";
  return new Failure({ kind: "permanent", code: "platform-rejected", detail, platformCode: `HTTP ${status}` });
}

/** What is thrown while fetching: the guard's own failures, aborts, and nothing else that is expected. */
export function classifyError(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const stopped = thrown instanceof Error && /^(Abort|Timeout)Error$/.test(thrown.name);
  const [kind, code, detail] = stopped ? STOPPED : BROKEN;
  return new Failure({ kind, code, detail, cause: thrown });
}
