import type { Failure } from "../../../model/failure.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import { classifyError } from "../errors.ts";

/** Answer of a mailbox's server, as `platformCode` begins. */
const SERVER_ANSWER = /^(NO|BAD|BYE|CAPABILITY|-ERR)\b/;

/** Classifies an error of a connection for a verb. An answer without proof is retried while the activity lives. */
export function verbFailure(thrown: unknown): Failure {
  const failure = classifyError(thrown);
  const isFinal = failure.code === "credentials-invalid" || failure.code === "credentials-expired";
  return isServerAnswer(failure) && !isFinal && (failure.kind === "auth" || failure.kind === "permanent")
    ? failureWith(failure, { kind: "retryable" })
    : failure;
}

/** Tells whether a failure is an answer of the server, and not a broken connection. */
export function isServerAnswer({ code, platformCode = "" }: Failure): boolean {
  return code === "tls-failed" || SERVER_ANSWER.test(platformCode);
}
