import type { Static, TSchema } from "typebox";
import { invalidInput } from "../../src/model/refusal.ts";
import { validationErrors } from "../../src/model/validate.ts";

/** Returns a body that fits its schema; throws `Refusal` `validation-failed`. `[]` stands for `{}`, as PHP writes it. */
export function parseAs<Schema extends TSchema>(schema: Schema, body: unknown): Static<Schema> {
  const value = objectOf(body);
  const errors = validationErrors(schema, value);
  if (errors.length > 0) throw invalidInput(errors);
  return value as Static<Schema>;
}

/** Returns `{}` for an empty array: PHP's `json_encode` writes `[]` for an empty object. */
export function objectOf(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? {} : value;
}
