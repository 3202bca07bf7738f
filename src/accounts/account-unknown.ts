import { Failure } from "../model/failure.ts";

/** Makes the failure of an activity whose actor has no stored account, or no longer. */
export function accountUnknown(): Failure {
  const detail = "No account is stored for this actor; PUT /accounts first.";
  return new Failure({ kind: "permanent", code: "account-unknown", detail });
}
