import Type from "typebox";
import { TERMS } from "./terms.ts";

/** Returns the schema of a posted text with the given bounds and the term's meaning. */
export function textTerm(
  name: "body" | "html" | "markdown" | "subject" | "reason" | "title",
  maxLength: number,
  pattern?: string,
) {
  return Type.String({ maxLength, description: TERMS[name].meaning, ...(pattern === undefined ? {} : { pattern }) });
}
