import { addRun, type Block, MARKS, MAX_DEPTH, type Mark, type RichText, type Run } from "./document.ts";

const MARK_OF: Readonly<Record<string, Mark>> = { "*": "bold", _: "italic", "~": "strike", "`": "code" };
const FENCE = "```";

/**
 * Reads a text with the signs of Message Styling (XEP-0393) as rich text. Lines become the lines of paragraphs.
 * Linear in the length of the text; signs without a partner stay text.
 */
export function fromStyling(text: string): RichText {
  const reader = new LineReader();
  for (const line of text.split(/\r\n?|\n/)) reader.line(line);
  return reader.end();
}

/** Collects blocks from lines. A change of quotation, an empty line or a fence ends a block. */
class LineReader {
  readonly #blocks: Block[] = [];
  #lines: string[] = [];
  #quote = 0;
  #isCode = false;

  line(raw: string): void {
    const { quote, rest } = unquoted(raw);
    if (quote !== this.#quote) this.#end();
    this.#quote = quote;
    if (this.#isCode) {
      if (rest.trimEnd() === FENCE) this.#end();
      else this.#lines.push(rest);
    } else if (rest.startsWith(FENCE)) {
      this.#end();
      this.#isCode = true;
    } else if (rest.trim() === "") this.#end();
    else this.#lines.push(rest);
  }

  end(): RichText {
    this.#end();
    return this.#blocks;
  }

  #end(): void {
    const lines = this.#lines;
    const kind = this.#isCode ? "code" : "paragraph";
    this.#lines = [];
    this.#isCode = false;
    if (!lines.some((line) => line.trim() !== "")) return;
    const runs: Run[] = [];
    if (kind === "code") addRun(runs, { text: lines.join("\n"), marks: [] });
    else
      for (const [index, line] of lines.entries()) {
        if (index > 0) addRun(runs, { text: "\n", marks: [] });
        readSpans(line, runs);
      }
    this.#blocks.push({ kind, quote: this.#quote, list: 0, runs });
  }
}

/** Strips the signs of quotation from a line. Each `>` is a level, with a space behind or not. */
function unquoted(line: string): { readonly quote: number; readonly rest: string } {
  const [signs = ""] = /^(?:>[ \t]?){0,6}/.exec(line) ?? [];
  return { quote: Math.min(signs.replace(/[^>]/g, "").length, MAX_DEPTH), rest: line.slice(signs.length) };
}

/** Reads the spans of one line. A sign opens at the line's start, behind a space or behind another sign. */
function readSpans(line: string, runs: Run[]): void {
  const closing = closingPositions(line);
  const read = (from: number, to: number, marks: readonly Mark[]): void => {
    let plainFrom = from;
    for (let at = from; at < to; at += 1) {
      const mark = MARK_OF[line.charAt(at)];
      if (mark === undefined || marks.includes(mark) || !opens(line, at)) continue;
      const end = closing[mark][at + 2] ?? to;
      if (end >= to) continue;
      addText(runs, line.slice(plainFrom, at), marks);
      const inner = [...marks, mark];
      if (mark === "code") addText(runs, line.slice(at + 1, end), inner);
      else read(at + 1, end, inner);
      at = end;
      plainFrom = end + 1;
    }
    addText(runs, line.slice(plainFrom, to), marks);
  };
  read(0, line.length, []);
}

function addText(runs: Run[], text: string, marks: readonly Mark[]): void {
  if (text !== "") addRun(runs, { text, marks: MARKS.filter((mark) => marks.includes(mark)) });
}

/** Tells whether the sign at a position may open a span (XEP-0393 section 6.2). */
function opens(line: string, at: number): boolean {
  const before = line.charAt(at - 1);
  const after = line.charAt(at + 1);
  const isFree = at === 0 || /\s/.test(before) || (MARK_OF[before] !== undefined && before !== line.charAt(at));
  return isFree && after !== "" && !/\s/.test(after);
}

/** Lists for each sign the next closing position behind each position. */
function closingPositions(line: string): Readonly<Record<Mark, readonly number[]>> {
  const positions: Record<Mark, number[]> = { bold: [], italic: [], underline: [], strike: [], code: [] };
  for (const [sign, mark] of Object.entries(MARK_OF)) {
    const list = new Array<number>(line.length);
    let next = line.length;
    for (let at = line.length - 1; at >= 0; at -= 1) {
      if (line.charAt(at) === sign && !/\s/.test(line.charAt(at - 1))) next = at;
      list[at] = next;
    }
    positions[mark] = list;
  }
  return positions;
}
