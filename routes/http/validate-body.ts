import type { Static, TSchema } from "typebox";
import { type ValidationError, validationErrors } from "../../src/model/validate.ts";
import { Problem } from "./problem.ts";

/** A body that fits its schema; throws `Problem` `validation-failed` that points at what doesn't. `[]` stands for `{}`, as PHP writes it. */
export function checked<Schema extends TSchema>(schema: Schema, body: unknown): Static<Schema> {
  const value = objectOf(body);
  const found = validationErrors(schema, value);
  if (found.length > 0) throw invalid(found);
  return value as Static<Schema>;
}

/** The refusal of an input with these faults. */
export function invalid(found: readonly ValidationError[]): Problem {
  const [first = { pointer: "", detail: "is not valid" }] = found;
  return new Problem("validation-failed", `${first.pointer === "" ? "The body" : first.pointer} ${first.detail}.`, {
    errors: found,
  });
}

/** PHP's `json_encode` writes an empty array where an empty object is meant. */
export function objectOf(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? {} : value;
}
