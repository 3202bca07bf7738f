import type { ValidationError } from "./validate.ts";

/** Codes of the refusals that operations throw; `docs/errors.md` lists them with their HTTP status. */
export type RefusalCode =
  | "account-unknown"
  | "content-gone"
  | "forbidden"
  | "not-configured"
  | "not-found"
  | "overloaded"
  | "payload-too-large"
  | "platform-unknown"
  | "quota-exceeded"
  | "rate-limited"
  | "recipient-not-reachable"
  | "rid-reused"
  | "shutting-down"
  | "too-late"
  | "validation-failed"
  | "verb-not-supported";

export interface RefusalOptions {
  readonly rid?: string | number | undefined;
  /** Seconds until the same request may succeed. */
  readonly retryAfter?: number;
}

/** A refused request. A stable code, a sentence that says what to do, and pointers to the offending fields. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly errors: readonly ValidationError[] | undefined;
  readonly retryAfter: number | undefined;
  rid: string | number | undefined;

  /** `detail` never repeats a secret or the input. */
  constructor(
    code: RefusalCode,
    detail: string,
    errors?: readonly ValidationError[],
    { rid, retryAfter }: RefusalOptions = {},
  ) {
    super(detail);
    this.name = "Refusal";
    this.code = code;
    this.errors = errors;
    this.rid = rid;
    this.retryAfter = retryAfter;
  }
}

/** Returns a `validation-failed` refusal whose sentence names the first error. */
export function invalidInput(errors: readonly ValidationError[], subject = "The body"): Refusal {
  const [first = { pointer: "", detail: "is not valid" }] = errors;
  return new Refusal("validation-failed", `${first.pointer === "" ? subject : first.pointer} ${first.detail}.`, errors);
}
