import type { OwnedAccount } from "../accounts/account-ownership.ts";
import { Failure } from "../model/failure.ts";

/** Why an account is refused, as the holder before us was told. */
export function refusalOf({ state, error }: Pick<OwnedAccount, "state" | "error">): Failure {
  const detail = "The network refuses this account: store it anew, or post `connect` to try again.";
  const { code = "credentials-invalid", ...more } = error ?? {};
  return new Failure({ kind: state === "restricted" ? "permanent" : "auth", detail, ...more, code });
}

/** The account is somebody else's now: the work follows it. */
export function notHere(): Failure {
  const detail = "The account's connection is handed over to another worker; the work follows it.";
  return new Failure({ kind: "retryable", code: "platform-unavailable", detail, retryAfterMs: 500 });
}

/** Something of our own keeps the account from being connected. */
export function unheld(cause: unknown): Failure {
  const detail = "The account can't be connected because of a fault of the gateway; it is tried again.";
  return new Failure({ kind: "retryable", code: "internal-error", detail, cause });
}
