import { escapeUTF8 } from "entities";
import { type Block, joinBlocks, type RichText, type Run } from "../../../platform/kit/rich-text/rich-text.ts";

const TAG = { bold: "b", italic: "i", underline: "u", strike: "s", code: "code" } as const;

/** Writes rich text in the Bot API's HTML, whose only blocks are quotes and code. */
export function toTelegramHtml(document: RichText): string {
  return joinBlocks(document, (block) => {
    const inner = blockHtml(block);
    return block.quote > 0 ? `<blockquote>${inner}</blockquote>` : inner;
  });
}

function blockHtml({ kind, list, number, runs }: Block): string {
  if (kind === "code") return `<pre>${escapeUTF8(runs.map(({ text }) => text).join(""))}</pre>`;
  const text = runs.map(htmlRun).join("");
  if (kind === "heading") return `<b>${text}</b>`;
  if (kind === "item") return `${"  ".repeat(list - 1)}${number === undefined ? "•" : `${number}.`} ${text}`;
  return text;
}

function htmlRun({ text, marks, link }: Run): string {
  const marked = marks.reduceRight((inner, mark) => `<${TAG[mark]}>${inner}</${TAG[mark]}>`, escapeUTF8(text));
  return link === undefined ? marked : `<a href="${escapeUTF8(link)}">${marked}</a>`;
}
