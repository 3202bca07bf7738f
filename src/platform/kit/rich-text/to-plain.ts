import type { Block, RichText, Run } from "./document.ts";

/** Writes rich text as plain text. Quotes with `> `, items with `- ` or a number, links with their address behind. */
export function toPlain(document: RichText, runText: (run: Run, block: Block) => string = plainRun): string {
  return joinBlocks(document, (block) => prefixed(block, block.runs.map((run) => runText(run, block)).join("")));
}

/** Joins blocks by an empty line; items of a list by a line break. */
export function joinBlocks(document: RichText, write: (block: Block) => string): string {
  return document
    .map((block, index) => {
      const before = document[index - 1];
      const separator = before === undefined ? "" : before.kind === "item" && block.kind === "item" ? "\n" : "\n\n";
      return separator + write(block);
    })
    .join("");
}

/** Puts the marks of quotes and items before the lines of a block. */
export function prefixed({ quote, list, number, kind }: Block, text: string): string {
  const indent = "  ".repeat(Math.max(0, list - 1));
  const bullet = kind === "item" ? `${indent}${number === undefined ? "-" : `${number}.`} ` : "";
  const quotes = "> ".repeat(quote);
  const hanging = " ".repeat(bullet.length);
  return text
    .split("\n")
    .map((line, index) => `${quotes}${index === 0 ? bullet : hanging}${line}`)
    .join("\n");
}

function plainRun({ text, link }: Run): string {
  return link === undefined || sameAddress(text, link) ? text : `${text} (${link})`;
}

/** Tells whether a link's text is its own address. */
export function sameAddress(text: string, link: string): boolean {
  return text === link || `mailto:${text}` === link || `tel:${text}` === link;
}
