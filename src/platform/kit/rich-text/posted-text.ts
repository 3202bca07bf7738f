import type { ValidationIssue } from "../../platform.ts";
import { fromPlain, type RichText } from "./document.ts";
import { fromHtml } from "./from-html.ts";
import { fromMarkdown } from "./from-markdown.ts";
import { toPlain } from "./to-plain.ts";

/** Text of an object as the app posted it; at least one form is present. */
export interface PostedText {
  readonly body?: string;
  readonly html?: string;
  readonly markdown?: string;
}

/** Reads the richest form of a posted text: HTML, else Markdown, else plain text. */
export function richTextOf({ body, html, markdown }: PostedText): RichText {
  if (html !== undefined) return fromHtml(html);
  return markdown !== undefined ? fromMarkdown(markdown) : fromPlain(body ?? "");
}

/** Writer of a network's form of rich text. */
export interface TextWriter {
  readonly write: (document: RichText) => string;
  /** True where the network has plain text only: a posted `body` then needs no conversion. */
  readonly prefersBody?: boolean;
}

/** Writer of plain text, for networks that have nothing else. */
export const PLAIN_TEXT: TextWriter = { write: toPlain, prefersBody: true };

/** Returns a posted text in a network's form; undefined where there is none. A `body` alone stays as posted. */
export function networkText(text: PostedText, { write, prefersBody = false }: TextWriter): string | undefined {
  const form = usedForm(text, prefersBody);
  return form === undefined || form === "body" ? text.body : write(richTextOf({ [form]: text[form] }));
}

/**
 * Refuses a text that the network could not take once converted. No schema can tell.
 * `refuse` returns what is wrong with a converted text. The pointer names the form that would be sent.
 */
export function textIssue(
  object: object,
  writer: TextWriter,
  refuse: (text: string) => string | undefined,
): ValidationIssue | undefined {
  const text = postedText(object);
  const form = usedForm(text, writer.prefersBody === true);
  const converted = networkText(text, writer);
  if (form === undefined || converted === undefined) return undefined;
  const detail = converted.trim() === "" && form !== "body" ? "has no text" : refuse(converted);
  return detail === undefined ? undefined : { code: "validation-failed", detail, pointer: `/object/${form}` };
}

/** Returns the check of a converted text against a network's maximum of characters. */
export function atMost(maxLength: number) {
  return (text: string) =>
    text.length > maxLength ? `becomes ${text.length} characters; at most ${maxLength} are sent` : undefined;
}

/** Reads the forms of a text from an object that has passed its schema. */
export function postedText(object: object): PostedText {
  const { body, html, markdown } = object as Readonly<Record<keyof PostedText, unknown>>;
  return {
    ...(typeof body === "string" ? { body } : {}),
    ...(typeof html === "string" ? { html } : {}),
    ...(typeof markdown === "string" ? { markdown } : {}),
  };
}

function usedForm(text: PostedText, prefersBody: boolean): keyof PostedText | undefined {
  const order = prefersBody ? (["body", "html", "markdown"] as const) : (["html", "markdown", "body"] as const);
  return order.find((form) => text[form] !== undefined);
}
