import { decodeMailText } from "./mail-charset.ts";

/** A structured field. Value in lower case, and parameters decoded (RFC 2231, and encoded words as many senders use). */
export interface StructuredField {
  readonly value: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A raw header field; `lines` includes folding. */
export interface RawField {
  /** Name in lower case. */
  readonly name: string;
  readonly lines: string;
}

/** Characters of a field that are read; the middle of a longer field is dropped. References end with the newest. */
const MAX_FIELD_CHARS = 131_072;
/** Fields beyond this number are dropped, except essential fields. */
const MAX_FIELDS = 1_000;
/** Fields that a mail can't be read without. */
export const ESSENTIAL = /^(content-|from$|to$|cc$|date$|subject$|message-id$|in-reply-to$|references$)/;
const ENCODED_WORD = /=\?([^?\s]{1,60})\?([bq])\?([^?]*)\?=/gi;

/** Splits a raw head, a character for each byte, into fields. Lines that belong to no field are dropped. */
export function splitFields(head: string): readonly RawField[] {
  const fields: Array<{ readonly name: string; readonly lines: string[] }> = [];
  let current: string[] = [];
  for (const line of head.split(/\r?\n/)) {
    if (/^[ \t]/.test(line)) {
      current.push(line);
      continue;
    }
    if (isUnfoldedParameter(line, current)) {
      current.push(` ${line}`);
      continue;
    }
    const name = /^([!-9;-~]{1,100})[ \t]*:/.exec(line)?.[1]?.toLowerCase();
    current = [line];
    if (name !== undefined && (fields.length < MAX_FIELDS || ESSENTIAL.test(name)))
      fields.push({ name, lines: current });
  }
  return fields.map(({ name, lines }) => ({ name, lines: withoutMiddle(lines.join("\r\n")) }));
}

/** Tells whether a line is a parameter that was not folded, such as `boundary="a"`. */
function isUnfoldedParameter(line: string, field: readonly string[]): boolean {
  const isOpen = field.at(-1)?.trimEnd().endsWith(";") === true && /^content-/i.test(field[0] ?? "");
  return isOpen && /^[\w*-]{1,40}=/.test(line);
}

function withoutMiddle(text: string): string {
  const half = MAX_FIELD_CHARS / 2;
  return text.length <= MAX_FIELD_CHARS ? text : `${text.slice(0, half)}\r\n ${text.slice(-half)}`;
}

/** Returns a field's raw value in a single line, "" for a missing field. */
export function fieldValue(fields: readonly RawField[], name: string): string {
  const lines = fields.find((field) => field.name === name)?.lines ?? "";
  return lines
    .slice(lines.indexOf(":") + 1)
    .replace(/\r\n[ \t]+/g, " ")
    .trim();
}

/** Replaces comments by blanks (RFC 5322 section 3.2.2). Quoted strings, such as some boundaries, contain none. */
function withoutComments(text: string): string {
  const runs = text.match(/"(?:[^"\\]|\\[\s\S])*"?|[^"]+/g) ?? [];
  return runs.map((run) => (run.startsWith('"') ? run : run.replace(/\((?:[^()\\]|\\.){0,500}\)/g, " "))).join("");
}

/** Parses a field such as Content-Type; comments are dropped. */
export function parseStructured(raw: string): StructuredField {
  const text = withoutComments(raw.slice(0, 32_768));
  const [value = ""] = text.split(";", 1);
  const plain = new Map<string, string>();
  const pieces = new Map<string, Map<number, { readonly text: string; readonly isEncoded: boolean }>>();
  const parameter = /;\s*([^\s=;"]{1,100})\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"?|([^;]*))/g;
  for (const [, fullName = "", quoted, bare = ""] of text.slice(value.length).matchAll(parameter)) {
    const content = quoted === undefined ? bare.trim() : quoted.replace(/\\([\s\S])/g, "$1");
    const [, name = "", number = "0", star = ""] = /^([^*]+)(?:\*(\d{1,3}))?(\*?)$/.exec(fullName.toLowerCase()) ?? [];
    if (name === "") continue;
    if (!fullName.includes("*")) {
      if (!plain.has(name)) plain.set(name, decodeWords(content));
      continue;
    }
    const list = pieces.get(name) ?? new Map();
    pieces.set(name, list.set(Number(number), { text: content, isEncoded: star === "*" }));
  }
  for (const [name, list] of pieces) plain.set(name, joinPieces(list));
  return { value: value.trim().toLowerCase(), parameters: Object.fromEntries(plain) };
}

/** Joins the pieces of a parameter (RFC 2231 sections 3 and 4). The first piece names the charset. */
function joinPieces(pieces: ReadonlyMap<number, { readonly text: string; readonly isEncoded: boolean }>): string {
  let charset = "";
  const bytes = [...pieces.entries()]
    .sort(([a], [b]) => a - b)
    .map(([number, { text, isEncoded }]) => {
      if (!isEncoded) return Buffer.from(text, "latin1");
      const [, label, rest = text] = (number === 0 && /^([^']{0,60})'[^']{0,60}'([\s\S]*)$/.exec(text)) || [];
      charset = label ?? charset;
      return percentDecoded(rest);
    });
  return decodeMailText(Buffer.concat(bytes), charset);
}

function percentDecoded(text: string): Buffer {
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return Buffer.from(bytes, "latin1");
}

/** Decodes encoded words (RFC 2047), joining neighbours of the same charset first. Raw bytes are guessed. */
export function decodeWords(text: string): string {
  const joined = text.replace(/(\?=)[ \t\r\n]+(?==\?[^?\s]{1,60}\?[bq]\?)/gi, "$1");
  let result = "";
  let at = 0;
  let pending: { charset: string; bytes: Buffer } | undefined;
  const flush = () => {
    if (pending) result += decodeMailText(pending.bytes, pending.charset);
    pending = undefined;
  };
  for (const match of joined.matchAll(ENCODED_WORD)) {
    const [word, label = "", kind = "", content = ""] = match;
    if (match.index > at) {
      flush();
      result += rawText(joined.slice(at, match.index));
    }
    at = match.index + word.length;
    const [charset = ""] = label.toLowerCase().split("*", 1);
    const bytes = kind.toLowerCase() === "b" ? Buffer.from(content, "base64") : quotedBytes(content);
    if (pending?.charset === charset) pending = { charset, bytes: Buffer.concat([pending.bytes, bytes]) };
    else {
      flush();
      pending = { charset, bytes };
    }
  }
  flush();
  return result + rawText(joined.slice(at));
}

function quotedBytes(content: string): Buffer {
  const text = content
    .replaceAll("_", " ")
    .replace(/=([0-9a-f]{2})/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(text, "latin1");
}

function rawText(text: string): string {
  // Text that was decoded already has characters beyond one byte.
  const isDecoded = /[\u0100-\uffff]/.test(text);
  return isDecoded || !/[\u0080-\u00ff]/.test(text) ? text : decodeMailText(Buffer.from(text, "latin1"));
}
