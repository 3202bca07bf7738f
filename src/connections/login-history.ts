import type { OwnedAccount } from "../accounts/account-ownership.ts";
import type { Failure } from "../model/failure.ts";
import { storedRefusal } from "./connection-failures.ts";

/** Credentials tried last and credentials refused for good: never logs in twice with the latter unasked. */
export class LoginHistory {
  /** Version of the credentials connected with last; empty before the first try. */
  version = "";
  #refusedVersion: string | undefined;
  #refusal: Failure | undefined;
  #isRetryForced = false;

  /** The app asked to connect: the next try is made whatever was refused before. */
  forceRetry(): void {
    this.#isRetryForced = true;
  }

  /** The network let the account in. */
  accepted(): void {
    this.#isRetryForced = false;
    this.#refusal = undefined;
  }

  /** The network refused the credentials of `version` for good. */
  refused(refusal: Failure): void {
    this.#refusedVersion = this.version;
    this.#refusal = refusal;
    this.#isRetryForced = false;
  }

  /** Returns the refusal that still holds for the account, whether this owner received it or a former one. */
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
