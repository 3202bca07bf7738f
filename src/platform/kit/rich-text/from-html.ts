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
  const reader = blockReader();
  const parser = new Parser(
    { onopentag: reader.open, onclosetag: reader.close, ontext: reader.text },
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
function blockReader() {
  const blocks: Block[] = [];
  const counts = new Map<Mark, number>();
  const links: Array<string | undefined> = [];
  const lists: List[] = [];
  const open = { quote: 0, skipped: 0, pre: 0, heading: 0 };
  let runs: Run[] = [];
  let item: number | undefined | "bullet";

  const marks = () => MARKS.filter((mark) => (counts.get(mark) ?? 0) > 0);
  const change = (mark: Mark, by: number) => counts.set(mark, Math.max(0, (counts.get(mark) ?? 0) + by));

  function endBlock(): void {
    const trimmed = open.pre > 0 ? runs : trim(runs);
    runs = [];
    if (!trimmed.some(({ text }) => text.trim() !== "")) return;
    const quote = Math.min(open.quote, MAX_DEPTH);
    if (open.pre > 0) blocks.push({ kind: "code", quote, list: 0, runs: [{ text: textOf(trimmed), marks: [] }] });
    else if (item !== undefined)
      blocks.push({
        kind: "item",
        quote,
        list: Math.min(Math.max(lists.length, 1), MAX_DEPTH),
        ...(item === "bullet" ? {} : { number: item }),
        runs: trimmed,
      });
    else blocks.push({ kind: open.heading > 0 ? "heading" : "paragraph", quote, list: 0, runs: trimmed });
    item = undefined;
  }

  function openBlock(name: string, attributes: Readonly<Record<string, string>>): void {
    endBlock();
    if (name === "blockquote") open.quote += 1;
    if (name === "pre") open.pre += 1;
    if (/^h[1-6]$/.test(name)) open.heading += 1;
    if (name === "ul" || name === "ol") lists.push({ ordered: name === "ol", next: startOf(attributes.start) });
    if (name === "li") {
      const list = lists.at(-1);
      item = list?.ordered ? list.next++ : "bullet";
    }
  }
  function closeBlock(name: string): void {
    endBlock();
    if (name === "blockquote") open.quote = Math.max(0, open.quote - 1);
    if (name === "pre") open.pre = Math.max(0, open.pre - 1);
    if (/^h[1-6]$/.test(name)) open.heading = Math.max(0, open.heading - 1);
    if (name === "ul" || name === "ol") lists.pop();
    if (name === "li") item = undefined;
  }
  function add(text: string): void {
    if (text === "") return;
    const link = links.at(-1);
    addRun(runs, { text, marks: marks(), ...(link === undefined ? {} : { link }) });
  }

  function openInline(name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === "br") add("\n");
    if (name === "img") add(attributes.alt ?? "");
    if (name === "a") links.push(safeLink(attributes.href ?? ""));
    const mark = MARK_OF[name];
    if (mark) change(mark, 1);
  }

  return {
    open(name: string, attributes: Readonly<Record<string, string>>): void {
      if (SKIPPED.has(name)) open.skipped += 1;
      if (open.skipped > 0) return;
      if (BLOCKS.has(name)) openBlock(name, attributes);
      else openInline(name, attributes);
    },
    close(name: string): void {
      if (SKIPPED.has(name)) {
        open.skipped = Math.max(0, open.skipped - 1);
        return;
      }
      if (open.skipped > 0) return;
      if (BLOCKS.has(name)) closeBlock(name);
      else if (name === "a") links.pop();
      const mark = MARK_OF[name];
      if (mark) change(mark, -1);
    },
    text(text: string): void {
      if (open.skipped > 0) return;
      add(open.pre > 0 ? text : text.replace(/[ \t\r\n\f]+/g, " "));
    },
    end(): RichText {
      endBlock();
      return blocks;
    },
  };
}

function startOf(start: string | undefined): number {
  const number = Number(start);
  return start !== undefined && Number.isSafeInteger(number) ? number : 1;
}

const textOf = (runs: readonly Run[]) =>
  runs
    .map(({ text }) => text)
    .join("")
    .replace(/^\n|\n$/g, "");

/** Drops spaces at the start and end of a block, and around its line breaks, where browsers show none. */
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
