import type { Block, Mark, RichText, Run } from "./document.ts";
import { sameAddress, toPlain } from "./to-plain.ts";

/** Formatting characters of IRC (modern.ircdocs.horse/formatting). */
const CODE: Readonly<Record<Mark, string>> = {
  bold: "\u0002",
  italic: "\u001d",
  underline: "\u001f",
  strike: "\u001e",
  code: "\u0011",
};
const RESET = "\u000f";

/** Writes rich text with IRC's formatting characters. Each line carries its own, since each is a message. */
export function toIrc(document: RichText): string {
  return toPlain(document, (run, { kind }) => ircRun(withMark(run, MARK_OF[kind])));
}

/** Marks that stand for kinds of blocks which IRC lacks. */
const MARK_OF: Partial<Record<Block["kind"], Mark>> = { heading: "bold", code: "code" };

function withMark(run: Run, mark: Mark | undefined): Run {
  return mark === undefined || run.marks.includes(mark) ? run : { ...run, marks: [mark, ...run.marks] };
}

function ircRun({ text, marks, link }: Run): string {
  const codes = marks.map((mark) => CODE[mark]).join("");
  const marked = codes === "" ? text : text.replace(/[^\n]+/g, (line) => `${codes}${line}${RESET}`);
  return link === undefined || sameAddress(text, link) ? marked : `${marked} (${link})`;
}
