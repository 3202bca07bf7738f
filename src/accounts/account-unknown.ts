import { Failure } from "../model/failure.ts";

/** No account is stored for the actor of an activity, or it was deleted meanwhile. */
export function accountUnknown(): Failure {
  const detail = "No account is stored for this actor; PUT /accounts first.";
  return new Failure({ kind: "permanent", code: "account-unknown", detail });
}
