import type { Failure } from "../../../model/failure.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import { classifyError } from "../errors.ts";

/** Answer of a mailbox's server, as `platformCode` begins. */
const SERVER_ANSWER = /^(NO|BAD|BYE|CAPABILITY|-ERR)\b/;
/** Final answers to a login. RFC 5530 section 3 and RFC 3206 section 4 define them. */
const FINAL = /^(NO|BAD) (AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|PRIVACYREQUIRED)\b|^-ERR \[AUTH\]/i;
/** Texts by which a server takes back a final code. */
const PASSING = /temporar|try again|too many|\blater\b|unavailable|internal error/i;
const UNPROVEN_LOGIN = "The mailbox's server refuses the login, and does not say that the login is wrong.";

/**
 * Classifies an error of an account's connection. A server's answer is a verdict on the login only where the protocol defines the
 * answer as final: servers refuse right logins for a while in many words. Other refusals become `platform-rejected`.
 */
export function connectionFailure(thrown: unknown): Failure {
  const failure = classifyError(thrown);
  if (!isUnproven(failure) || failure.code === "tls-failed" || failure.kind !== "auth") return failure;
  return failureWith(failure, { code: "platform-rejected", detail: UNPROVEN_LOGIN });
}

/** Classifies an error of a connection for a verb. Refusals without proof are retried while the activity lives. */
export function verbFailure(thrown: unknown): Failure {
  const failure = connectionFailure(thrown);
  return isUnproven(failure) ? failureWith(failure, { kind: "retryable" }) : failure;
}

/** Tells whether a failure is an answer of the server, and not a broken connection. */
export function isServerAnswer({ code, platformCode = "" }: Failure): boolean {
  return code === "tls-failed" || SERVER_ANSWER.test(platformCode);
}

/** Tells whether a failure would be final without proof. */
function isUnproven(failure: Failure): boolean {
  const { kind, platformCode = "" } = failure;
  if (kind !== "auth" && kind !== "permanent") return false;
  const isProven = FINAL.test(platformCode) && !PASSING.test(platformCode);
  return !isProven && isServerAnswer(failure);
}
