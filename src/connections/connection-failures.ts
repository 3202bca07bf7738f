import type { OwnedAccount } from "../accounts/account-ownership.ts";
import { Failure } from "../model/failure.ts";
import { failureWith } from "../platform/kit/error-table.ts";

/** Returns the refusal that a former owner received from the network and stored. */
export function storedRefusal({ state, error }: Pick<OwnedAccount, "state" | "error">): Failure {
  const detail = "The network refuses this account: store it again, or post `connect` to retry.";
  const { code = "credentials-invalid", ...rest } = error ?? {};
  return new Failure({ kind: state === "restricted" ? "permanent" : "auth", detail, ...rest, code });
}

/** Returns the retryable form of a refusal that no protocol defines as final. */
export function unproven(refusal: Failure): Failure {
  const detail = `${refusal.message} The gateway tries again, and gives up when the answer has stayed the same for a day: check the account at the network, or store it again.`;
  return failureWith(refusal, { kind: "retryable", detail });
}

/** Returns the failure of an account that moved to another worker. The work follows. */
export function ownerMoved(): Failure {
  const detail = "The account's connection is handed over to another worker; the work follows.";
  return new Failure({ kind: "retryable", code: "platform-unavailable", detail, retryAfterMs: 500 });
}

/** Returns the failure for a fault of the gateway that prevents a connection. */
export function internalFailure(cause: unknown): Failure {
  const detail = "The account can't be connected because of a fault of the gateway; the gateway retries.";
  return new Failure({ kind: "retryable", code: "internal-error", detail, cause });
}

/** Returns the failure for an unstored inbound event, which the network repeats after a reconnect. */
export function notStored(cause: unknown): Failure {
  const detail = "An inbound event could not be stored; it is received again after a reconnect.";
  return new Failure({ kind: "retryable", code: "internal-error", detail, cause });
}

/** Returns the failure for a connection that was not online within the time for connecting. */
export function connectTimeout(): Failure {
  const detail = "The network did not let the account in within the time for connecting.";
  return new Failure({ kind: "retryable", code: "platform-timeout", detail });
}

/** Returns the failure for work on a connection that the gateway ended. */
export function disconnectedHere(): Failure {
  const detail = "The gateway ended the connection; the work is retried.";
  return new Failure({ kind: "retryable", code: "platform-unavailable", detail, retryAfterMs: 500 });
}
