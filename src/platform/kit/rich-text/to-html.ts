import { escapeUTF8 } from "entities";
import type { Block, Mark, RichText, Run } from "./document.ts";

const TAG: Readonly<Record<Mark, string>> = { bold: "strong", italic: "em", underline: "u", strike: "s", code: "code" };

/** Writes rich text as HTML of a few harmless elements; all text is escaped. */
export function toHtml(document: RichText): string {
  let html = "";
  let quote = 0;
  const lists: string[] = [];
  const closeLists = (depth: number) => {
    while (lists.length > depth) html += `</li></${lists.pop()}>`;
  };
  for (const block of document) {
    if (block.quote !== quote) {
      closeLists(0);
      html +=
        block.quote > quote ? "<blockquote>".repeat(block.quote - quote) : "</blockquote>".repeat(quote - block.quote);
      quote = block.quote;
    }
    closeLists(block.list);
    if (block.kind === "item") html += openItem(block, lists);
    else html += element(block);
  }
  closeLists(0);
  return html + "</blockquote>".repeat(quote);
}

/** Opens the lists around an item and the item itself. Its list stays open for the next one. */
function openItem(block: Block, lists: string[]): string {
  const name = block.number === undefined ? "ul" : "ol";
  const start = block.number !== undefined && block.number !== 1 ? ` start="${block.number}"` : "";
  let html = "";
  if (lists.length === block.list && lists.at(-1) !== name) html += `</li></${lists.pop()}>`;
  if (lists.length === block.list) html += "</li>";
  while (lists.length < block.list) {
    html += `<${name}${start}>${lists.length + 1 < block.list ? "<li>" : ""}`;
    lists.push(name);
  }
  return `${html}<li>${runsOf(block)}`;
}

function element(block: Block): string {
  if (block.kind === "code")
    return `<pre><code>${escapeUTF8(block.runs.map(({ text }) => text).join(""))}</code></pre>`;
  const name = block.kind === "heading" ? "h3" : "p";
  return `<${name}>${runsOf(block)}</${name}>`;
}

function runsOf({ runs }: Block): string {
  return runs.map(htmlRun).join("");
}

function htmlRun({ text, marks, link }: Run): string {
  const inner = escapeUTF8(text).replace(/\n/g, "<br>");
  const marked = marks.reduceRight((html, mark) => `<${TAG[mark]}>${html}</${TAG[mark]}>`, inner);
  return link === undefined ? marked : `<a href="${escapeUTF8(link)}">${marked}</a>`;
}
