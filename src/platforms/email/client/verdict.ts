import type { Failure } from "../../../model/failure.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import { classifyError } from "../errors.ts";

/** Answer of a mailbox's server, as `platformCode` begins. */
const SERVER_ANSWER = /^(NO|BAD|BYE|-ERR)\b/;
/** Answers that the protocols define as final (RFC 5530 section 3, RFC 3206 section 4). */
const FINAL =
  /^(NO|BAD) (AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|PRIVACYREQUIRED)\b|^-ERR \[(AUTH|SYS\/PERM)\]/i;

/**
 * Classifies an error of a mailbox's connection. A server's answer ends an account only where the protocol defines the answer
 * as final: servers refuse right logins and good folders for a while in many words.
 */
export function connectionFailure(thrown: unknown): Failure {
  const failure = classifyError(thrown);
  return isUnproven(failure) ? failureWith(failure, { kind: "retryable" }) : failure;
}

/** Tells whether a failure would be final without proof. */
export function isUnproven({ kind, platformCode = "" }: Failure): boolean {
  const isFinal = kind === "auth" || kind === "permanent";
  return isFinal && SERVER_ANSWER.test(platformCode) && !FINAL.test(platformCode);
}
