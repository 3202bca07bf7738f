import { addRun, type Block, MARKS, type Mark, type RichText, type Run } from "./document.ts";

const MARK_OF: Readonly<Record<string, Mark>> = {
  "\u0002": "bold",
  "\u001d": "italic",
  "\u001f": "underline",
  "\u001e": "strike",
  "\u0011": "code",
};
/** Pattern of one formatting character; colours (`^C`, `^D`) with their numbers. */
const TOKEN = new RegExp(
  [
    "\\u0003(?:\\d{1,2}(?:,\\d{1,2})?)?",
    "\\u0004(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?",
    "[\\u0002\\u000f\\u0011\\u0016\\u001d\\u001e\\u001f]",
  ].join("|"),
  "g",
);

/** Reads a text with IRC's formatting characters as rich text. Colours and reverse video are dropped. */
export function fromIrc(text: string): RichText {
  const runs: Run[] = [];
  const on = new Set<Mark>();
  const add = (part: string) => {
    if (part !== "") addRun(runs, { text: part, marks: MARKS.filter((mark) => on.has(mark)) });
  };
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    add(text.slice(from, match.index));
    from = match.index + match[0].length;
    const mark = MARK_OF[match[0]];
    if (match[0] === "\u000f") on.clear();
    else if (mark && !on.delete(mark)) on.add(mark);
  }
  add(text.slice(from));
  const block: Block = { kind: "paragraph", quote: 0, list: 0, runs };
  return runs.length === 0 ? [] : [block];
}
