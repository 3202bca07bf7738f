import { Failure, type FailureKind } from "../../model/failure.ts";

type Meaning = readonly [kind: FailureKind, code: string, detail: string];

const NOBODY: Meaning = ["permanent", "recipient-unknown", "The server knows nobody by this address."];
const CLOSED: Meaning = ["permanent", "permission-denied", "The server answers such questions to its own users only."];
const LIMIT: Meaning = ["rate-limited", "platform-rate-limited", "The server limits how often it is asked."];
const AWAY: Meaning = ["retryable", "platform-unavailable", "The server can't answer now."];
const REFUSED: Meaning = ["permanent", "platform-rejected", "The server refuses the question."];
const STOPPED: Meaning = ["retryable", "platform-timeout", "The server did not answer in time."];
const BROKEN: Meaning = ["retryable", "internal-error", "Something broke on our side while searching."];

/** The failure for an answer that is not 200. */
export function statusFailure(status: number, retryAfter: string | undefined): Failure {
  const [kind, code, detail] = meaning(status);
  const seconds = /^\d{1,6}$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
  const waits = kind === "rate-limited" || kind === "retryable";
  return new Failure({
    kind,
    code,
    detail,
    platformCode: `HTTP ${status}`,
    ...(waits && seconds !== undefined ? { retryAfterMs: seconds * 1_000 } : {}),
  });
}

function meaning(status: number): Meaning {
  if (status === 404 || status === 410) return NOBODY;
  if (status === 401 || status === 403) return CLOSED;
  if (status === 429) return LIMIT;
  return status >= 500 ? AWAY : REFUSED;
}

/** What is thrown while searching: the guard's own failures, aborts, and nothing else that is expected. */
export function classifyError(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const stopped = thrown instanceof Error && /^(Abort|Timeout)Error$/.test(thrown.name);
  const [kind, code, detail] = stopped ? STOPPED : BROKEN;
  return new Failure({ kind, code, detail, cause: thrown });
}
