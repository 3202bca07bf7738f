import {
  type Block,
  fromPlain,
  type Mark,
  type RichText,
  type Run,
  safeLink,
} from "../../../platform/kit/rich-text/rich-text.ts";
import { recordOf } from "../errors.ts";

const MARK_OF: Readonly<Record<string, Mark>> = {
  bold: "bold",
  italic: "italic",
  underline: "underline",
  strikethrough: "strike",
  code: "code",
  pre: "code",
};
/** Most entities that a message of Telegram has. */
const MAX_ENTITIES = 100;

interface Span {
  readonly from: number;
  readonly to: number;
  readonly mark?: Mark;
  readonly link?: string;
}

/** Reads a text with MessageEntities (offsets in UTF-16 units) as rich text. Undefined where nothing is formatted. */
export function fromEntities(text: string, entities: unknown): RichText | undefined {
  const spans = (Array.isArray(entities) ? entities.slice(0, MAX_ENTITIES) : []).flatMap(spanOf);
  if (spans.length === 0) return undefined;
  const cuts = [...new Set([0, text.length, ...spans.flatMap(({ from, to }) => [from, to])])]
    .filter((cut) => cut >= 0 && cut <= text.length)
    .sort((a, b) => a - b);
  const runs: Run[] = cuts.slice(0, -1).map((from, index) => {
    const covering = spans.filter((span) => span.from <= from && span.to > from);
    const link = covering.find((span) => span.link !== undefined)?.link;
    const marks = [...new Set(covering.flatMap(({ mark }) => mark ?? []))];
    return { text: text.slice(from, cuts[index + 1]), marks, ...(link === undefined ? {} : { link }) };
  });
  const block: Block = { kind: "paragraph", quote: 0, list: 0, runs };
  return text.trim() === "" ? fromPlain(text) : [block];
}

function spanOf(entity: unknown): Span[] {
  const { type, offset, length, url } = recordOf(entity);
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length)) return [];
  const range = { from: Number(offset), to: Number(offset) + Number(length) };
  const mark = MARK_OF[String(type)];
  if (mark) return [{ ...range, mark }];
  const link = type === "text_link" && typeof url === "string" ? safeLink(url) : undefined;
  return link === undefined ? [] : [{ ...range, link }];
}
