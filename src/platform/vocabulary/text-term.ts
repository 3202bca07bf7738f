import Type from "typebox";
import { TERMS } from "./terms.ts";

/** Largest HTML or Markdown in characters on networks with short messages; marks count as well. */
export const MAX_MARKUP = 65_536;

/** Returns the schema of a posted text with the given bounds and the term's meaning. */
export function textTerm(
  name: "body" | "html" | "markdown" | "subject" | "reason" | "title",
  maxLength: number,
  pattern?: string,
) {
  return Type.String({ maxLength, description: TERMS[name].meaning, ...(pattern === undefined ? {} : { pattern }) });
}

/** Returns the schemas of HTML and Markdown, which the network's form is made of. */
export function markupForms(maxLength = MAX_MARKUP) {
  const form = (name: "html" | "markdown") =>
    Type.Optional(Type.String({ minLength: 1, maxLength, description: TERMS[name].meaning }));
  return { html: form("html"), markdown: form("markdown") };
}

/** Returns the rule that an object has a text or one of other properties. */
export function needsText(...others: readonly string[]) {
  return { anyOf: ["body", "html", "markdown", ...others].map((name) => ({ required: [name] })) };
}
