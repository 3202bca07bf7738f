import type { Block, Mark, RichText, Run } from "./document.ts";
import { joinBlocks, prefixed, sameAddress } from "./to-plain.ts";

const SIGN: Partial<Record<Mark, string>> = { bold: "*", italic: "_", strike: "~", code: "`" };

/** Writes rich text with the signs of Message Styling (XEP-0393). Underline has none and is dropped. */
export function toStyling(document: RichText): string {
  return joinBlocks(document, (block) => {
    if (block.kind === "code") return prefixed(block, `\`\`\`\n${block.runs.map(({ text }) => text).join("")}\n\`\`\``);
    let text = "";
    for (const run of block.runs) text += styledRun(run, block, text);
    return prefixed(block, text);
  });
}

/**
 * Writes a run with signs where they work. Spans cannot cross lines, cannot start or end with a space, and start at a
 * line's start or behind a space. Other runs are written without signs.
 */
function styledRun({ text, marks, link }: Run, { kind }: Block, before: string): string {
  const wanted = kind === "heading" && !marks.includes("bold") ? (["bold", ...marks] as const) : marks;
  const signs = wanted.flatMap((mark) => SIGN[mark] ?? []);
  const fits = /^\s?$/.test(before.slice(-1)) && /^\S(.*\S)?$/.test(text) && !signs.some((sign) => text.includes(sign));
  const styled = fits ? signs.reduceRight((inner, sign) => `${sign}${inner}${sign}`, text) : text;
  return link === undefined || sameAddress(text, link) ? styled : `${styled} (${link})`;
}
