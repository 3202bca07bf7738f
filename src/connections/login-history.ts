import type { OwnedAccount } from "../accounts/account-ownership.ts";
import type { Failure } from "../model/failure.ts";
import { storedRefusal } from "./connection-failures.ts";

/** History of an account's logins. Permanently refused credentials are retried on request only. */
export class LoginHistory {
  /** Version of the credentials connected with last; empty before the first try. */
  version = "";
  #refusedVersion: string | undefined;
  #refusal: Failure | undefined;
  #isRetryForced = false;

  /** Allows the next try in spite of a refusal, since the app asked to connect. */
  forceRetry(): void {
    this.#isRetryForced = true;
  }

  /** Notes that the network let the account in. */
  accepted(): void {
    this.#isRetryForced = false;
    this.#refusal = undefined;
  }

  /** Records that the network refused the credentials of `version` permanently. */
  refused(refusal: Failure): void {
    this.#refusedVersion = this.version;
    this.#refusal = refusal;
    this.#isRetryForced = false;
  }

  /** Returns the refusal that still holds for the account, whichever owner received the refusal. */
  refusalOf(account: OwnedAccount): Failure | undefined {
    if (this.#isRetryForced) return undefined;
    if (this.#refusedVersion !== undefined && this.#refusedVersion !== account.version) return undefined;
    if (this.#refusal) return this.#refusal;
    if (account.state !== "needs-login" && account.state !== "restricted") return undefined;
    this.#refusedVersion = account.version;
    this.#refusal = storedRefusal(account);
    return this.#refusal;
  }
}
