import MarkdownIt from "markdown-it";
import type { RichText } from "./document.ts";
import { fromHtml } from "./from-html.ts";

/** CommonMark with strikethrough and tables; HTML in the source is shown as text. */
const markdown = new MarkdownIt({ html: false, linkify: false, breaks: true });

/** Reads Markdown (CommonMark) as rich text. A line break stays one, as chat users expect. */
export function fromMarkdown(text: string): RichText {
  return fromHtml(markdown.render(text));
}
