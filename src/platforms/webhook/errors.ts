import { Failure, type FailureKind } from "../../model/failure.ts";

type Meaning = readonly [kind: FailureKind, code: string, detail: string];

const NOBODY: Meaning = ["permanent", "recipient-unknown", "The receiver says that nothing takes posts here."];
const CLOSED: Meaning = ["permanent", "permission-denied", "The receiver does not let us post here."];
const LARGE: Meaning = ["permanent", "content-too-large", "The receiver takes less than that."];
const LIMIT: Meaning = ["rate-limited", "platform-rate-limited", "The receiver limits how much it takes."];
const AWAY: Meaning = ["retryable", "platform-unavailable", "The receiver could not take it."];
const REFUSED: Meaning = ["permanent", "platform-rejected", "The receiver refuses it."];
const MOVED: Meaning = ["permanent", "platform-rejected", "The receiver redirects; name the last address."];
const STOPPED: Meaning = ["retryable", "platform-timeout", "The receiver did not answer in time."];
const BROKEN: Meaning = ["retryable", "internal-error", "Something broke on our side while posting."];

const A_DAY_MS = 86_400_000;
/** Refusals that pass by themselves: too slow, too early, too much. */
const PASSING = new Set([408, 425]);

/** The failure for an answer that is not 2xx; `retryAfter` is the header: seconds or an HTTP date. */
export function statusFailure(status: number, retryAfter: string | undefined): Failure {
  const [kind, code, detail] = meaning(status);
  const wait = status === 429 || status === 503 ? waitOf(retryAfter) : undefined;
  const platformCode = `HTTP ${status}`;
  return new Failure({ kind, code, detail, platformCode, ...(wait === undefined ? {} : { retryAfterMs: wait }) });
}

function meaning(status: number): Meaning {
  if (status >= 500 || PASSING.has(status)) return AWAY;
  if (status === 404 || status === 410) return NOBODY;
  if (status === 401 || status === 403) return CLOSED;
  if (status === 413) return LARGE;
  if (status === 429) return LIMIT;
  return status < 400 ? MOVED : REFUSED;
}

function waitOf(retryAfter = ""): number | undefined {
  const ms = /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), A_DAY_MS);
}

/** What is thrown while posting: the guard's own failures, aborts, and nothing else that is expected. */
export function classifyError(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const stopped = thrown instanceof Error && /^(Abort|Timeout)Error$/.test(thrown.name);
  const [kind, code, detail] = stopped ? STOPPED : BROKEN;
  return new Failure({ kind, code, detail, cause: thrown });
}

/**
 * The same failure without its doubt. A post that may have landed may be repeated: it carries the same `webhook-id`, by
 * which receivers drop what they took before (Standard Webhooks).
 */
export function withoutDoubt(failure: Failure): Failure {
  if (!failure.mayHaveLanded) return failure;
  const { kind, code, message: detail, retryAfterMs, platformCode } = failure;
  return new Failure({
    kind,
    code,
    detail,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(platformCode === undefined ? {} : { platformCode }),
    cause: failure,
  });
}
