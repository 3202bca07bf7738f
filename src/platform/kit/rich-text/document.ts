/** Mark of a run of text. */
export type Mark = "bold" | "italic" | "underline" | "strike" | "code";
export const MARKS: readonly Mark[] = ["bold", "italic", "underline", "strike", "code"];

/** Run of text with the same marks. Line breaks within a block are `\n`. */
export interface Run {
  readonly text: string;
  /** In the order of `MARKS`, each at most once. */
  readonly marks: readonly Mark[];
  /** Address that the text links to. */
  readonly link?: string;
}

/** Block of a text: a paragraph, a heading, code, or an item of a list. */
export interface Block {
  readonly kind: "paragraph" | "heading" | "code" | "item";
  /** Depth of quotation around the block. */
  readonly quote: number;
  /** Depth of lists around an item, from 1; 0 for other blocks. */
  readonly list: number;
  /** Number of an item in an ordered list. */
  readonly number?: number;
  readonly runs: readonly Run[];
}

/** Rich text in the form that all networks' forms are converted from and to. */
export type RichText = readonly Block[];

/** Largest depth of quotes and lists that is kept. */
export const MAX_DEPTH = 6;

/** Schemes that links may have; others lose their link and keep their text. */
const LINK = /^(https?|mailto|tel|xmpp|ircs?|matrix|tg|sms|geo):[^\s]/i;

/** Returns the address of a link that is safe to pass on. Undefined for all others. */
export function safeLink(address: string): string | undefined {
  const trimmed = address.trim();
  return trimmed.length <= 2_048 && LINK.test(trimmed) ? trimmed : undefined;
}

/** Appends a run. Joins it with the last one where both have the same marks and link. */
export function addRun(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  if (last && last.link === run.link && last.marks.join() === run.marks.join())
    runs[runs.length - 1] = { ...last, text: last.text + run.text };
  else runs.push(run);
}

/** Returns plain text as rich text: blank lines separate paragraphs. */
export function fromPlain(text: string): RichText {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const end = () => {
    if (paragraph.length > 0) blocks.push(paragraphOf(paragraph.join("\n")));
    paragraph = [];
  };
  for (const line of lines) {
    if (line.trim() === "") end();
    else paragraph.push(line);
  }
  end();
  return blocks;
}

function paragraphOf(text: string): Block {
  return { kind: "paragraph", quote: 0, list: 0, runs: [{ text, marks: [] }] };
}
