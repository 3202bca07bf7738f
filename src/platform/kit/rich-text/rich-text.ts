import { fromPlain, type RichText } from "./document.ts";
import { fromHtml } from "./from-html.ts";
import { fromMarkdown } from "./from-markdown.ts";

export { type Block, fromPlain, type Mark, type RichText, type Run, safeLink } from "./document.ts";
export { fromHtml } from "./from-html.ts";
export { fromIrc } from "./from-irc.ts";
export { fromMarkdown } from "./from-markdown.ts";
export { splitRichText } from "./split.ts";
export { toHtml } from "./to-html.ts";
export { toIrc } from "./to-irc.ts";
export { joinBlocks, toPlain } from "./to-plain.ts";
export { toStyling } from "./to-styling.ts";

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
