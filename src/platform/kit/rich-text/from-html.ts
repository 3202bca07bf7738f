import { Parser } from "htmlparser2";
import { addRun, type Block, MARKS, MAX_DEPTH, type Mark, type RichText, type Run, safeLink } from "./document.ts";

const MARK_OF: Readonly<Record<string, Mark>> = {
  b: "bold",
  strong: "bold",
  i: "italic",
  em: "italic",
  cite: "italic",
  u: "underline",
  ins: "underline",
  s: "strike",
  strike: "strike",
  del: "strike",
  code: "code",
  kbd: "code",
  samp: "code",
  tt: "code",
};
/** Elements that start and end a block. */
const BLOCKS = new Set(
  (
    "p div section article header footer aside main figure figcaption address table thead tbody tr dl dt dd form " +
    "fieldset center h1 h2 h3 h4 h5 h6 pre blockquote ul ol li hr"
  ).split(" "),
);
/** Elements whose content is not text. */
const SKIPPED = new Set("script style head title template noscript iframe object svg math select textarea".split(" "));

/**
 * Reads HTML as rich text; unknown elements keep their text. Linear in the length of the input; throws nothing.
 * Scripts, styles and links of other schemes are dropped. Mentions stay as the text of their link.
 */
export function fromHtml(html: string): RichText {
  const reader = new BlockReader();
  const parser = new Parser(
    {
      onopentag: (name, attributes) => reader.open(name, attributes),
      onclosetag: (name) => reader.close(name),
      ontext: (text) => reader.text(text),
    },
    { decodeEntities: true, lowerCaseTags: true, lowerCaseAttributeNames: true },
  );
  parser.end(html);
  return reader.end();
}

interface List {
  readonly ordered: boolean;
  next: number;
}

/** Collects blocks from the events of the parser. */
class BlockReader {
  readonly #blocks: Block[] = [];
  readonly #counts = new Map<Mark, number>();
  readonly #links: Array<string | undefined> = [];
  readonly #lists: List[] = [];
  readonly #depth = { quote: 0, skipped: 0, pre: 0, heading: 0 };
  #runs: Run[] = [];
  /** Number of the open item, `bullet` in an unordered list; undefined outside of items. */
  #item: number | "bullet" | undefined;

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (SKIPPED.has(name)) this.#depth.skipped += 1;
    if (this.#depth.skipped > 0) return;
    if (BLOCKS.has(name)) this.#openBlock(name, attributes);
    else this.#openInline(name, attributes);
  }

  close(name: string): void {
    if (SKIPPED.has(name)) {
      this.#depth.skipped = Math.max(0, this.#depth.skipped - 1);
      return;
    }
    if (this.#depth.skipped > 0) return;
    if (BLOCKS.has(name)) this.#closeBlock(name);
    else if (name === "a") this.#links.pop();
    this.#changeMark(name, -1);
  }

  text(text: string): void {
    if (this.#depth.skipped > 0) return;
    this.#add(this.#depth.pre > 0 ? text : text.replace(/[ \t\r\n\f]+/g, " "));
  }

  end(): RichText {
    this.#endBlock();
    return this.#blocks;
  }

  #openBlock(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#endBlock();
    this.#changeDepth(name, 1);
    if (name === "ul" || name === "ol") this.#lists.push({ ordered: name === "ol", next: startOf(attributes.start) });
    if (name === "li") {
      const list = this.#lists.at(-1);
      this.#item = list?.ordered ? list.next++ : "bullet";
    }
  }

  #closeBlock(name: string): void {
    this.#endBlock();
    this.#changeDepth(name, -1);
    if (name === "ul" || name === "ol") this.#lists.pop();
    if (name === "li") this.#item = undefined;
  }

  #changeDepth(name: string, by: number): void {
    const kind =
      name === "blockquote" ? "quote" : name === "pre" ? "pre" : /^h[1-6]$/.test(name) ? "heading" : undefined;
    if (kind) this.#depth[kind] = Math.max(0, this.#depth[kind] + by);
  }

  #openInline(name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === "br") this.#add("\n");
    if (name === "img") this.#add(attributes.alt ?? "");
    if (name === "a") this.#links.push(safeLink(attributes.href ?? ""));
    this.#changeMark(name, 1);
  }

  #changeMark(name: string, by: number): void {
    const mark = MARK_OF[name];
    if (mark) this.#counts.set(mark, Math.max(0, (this.#counts.get(mark) ?? 0) + by));
  }

  #add(text: string): void {
    if (text === "") return;
    const link = this.#links.at(-1);
    const marks = MARKS.filter((mark) => (this.#counts.get(mark) ?? 0) > 0);
    addRun(this.#runs, { text, marks, ...(link === undefined ? {} : { link }) });
  }

  #endBlock(): void {
    const runs = this.#depth.pre > 0 ? this.#runs : trim(this.#runs);
    this.#runs = [];
    if (!runs.some(({ text }) => text.trim() !== "")) return;
    this.#blocks.push(this.#blockOf(runs, Math.min(this.#depth.quote, MAX_DEPTH)));
    this.#item = undefined;
  }

  #blockOf(runs: Run[], quote: number): Block {
    if (this.#depth.pre > 0) return { kind: "code", quote, list: 0, runs: [{ text: textOf(runs), marks: [] }] };
    if (this.#item === undefined)
      return { kind: this.#depth.heading > 0 ? "heading" : "paragraph", quote, list: 0, runs };
    const list = Math.min(Math.max(this.#lists.length, 1), MAX_DEPTH);
    return { kind: "item", quote, list, ...(this.#item === "bullet" ? {} : { number: this.#item }), runs };
  }
}

function startOf(start: string | undefined): number {
  const number = Number(start);
  return start !== undefined && Number.isSafeInteger(number) ? number : 1;
}

/** Returns the text of a code block without the line ends around it. Parsers keep different numbers of these. */
function textOf(runs: readonly Run[]): string {
  const text = runs.map((run) => run.text).join("");
  let [start, end] = [0, text.length];
  while (text[start] === "\n") start += 1;
  while (end > start && text[end - 1] === "\n") end -= 1;
  return text.slice(start, end);
}

/** Drops the spaces of a block that browsers do not show. */
function trim(runs: readonly Run[]): Run[] {
  const kept: Run[] = [];
  let atStart = true;
  for (const run of runs) {
    const text = cleaned(run.text, atStart, kept.length === 0);
    if (text === "") continue;
    atStart = /[ \n]$/.test(text);
    kept.push({ ...run, text });
  }
  for (let last = kept.pop(); last; last = kept.pop()) {
    const text = last.text.trimEnd();
    if (text === "") continue;
    kept.push({ ...last, text });
    break;
  }
  return kept;
}

function cleaned(text: string, afterSpace: boolean, isFirst: boolean): string {
  const collapsed = text.replace(/ {2,}/g, " ").replace(/\n /g, "\n");
  if (isFirst) return collapsed.trimStart();
  return afterSpace ? collapsed.replace(/^ /, "") : collapsed;
}
