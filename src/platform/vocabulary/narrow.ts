import Type from "typebox";
import { TERMS, type TermName } from "./terms.ts";

/**
 * Returns the schema of a term with a platform's own bounds. The term's meaning is the default description.
 * `narrow("body", { maxLength: 4_096 })` keeps the type and states the bound.
 */
export function narrow<Name extends TermName, Bounds extends object>(
  name: Name,
  bounds: Bounds,
): (typeof TERMS)[Name]["schema"] & Bounds {
  const { schema, meaning } = TERMS[name];
  return { ...schema, description: meaning, ...bounds } as (typeof TERMS)[Name]["schema"] & Bounds;
}

/** Returns the posted schema of a text with the given bounds. Longer texts are refused with the pointer. */
export function textTerm(
  name: "body" | "html" | "markdown" | "subject" | "reason" | "title",
  maxLength: number,
  pattern?: string,
) {
  return Type.String({ maxLength, description: TERMS[name].meaning, ...(pattern === undefined ? {} : { pattern }) });
}
