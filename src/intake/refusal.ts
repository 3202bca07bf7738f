import type { ValidationError } from "../model/validate.ts";

/** Why an activity is not accepted: a code of the documented table, what to do about it, and where. */
export class Refusal extends Error {
  readonly code:
    | "validation-failed"
    | "platform-unknown"
    | "verb-not-supported"
    | "recipient-not-reachable"
    | "payload-too-large";
  readonly errors: readonly ValidationError[] | undefined;
  rid: string | number | undefined;

  constructor(code: Refusal["code"], detail: string, errors?: readonly ValidationError[]) {
    super(detail);
    this.name = "Refusal";
    this.code = code;
    this.errors = errors;
  }
}
