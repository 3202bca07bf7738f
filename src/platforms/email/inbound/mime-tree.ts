import { fieldValue, parseStructured, type RawField, type StructuredField, splitFields } from "./header-fields.ts";

/** A part without children; a forwarded mail is such a part. */
export interface MimeLeaf {
  /** IMAP's part number (RFC 3501 section 6.4.5). */
  readonly part: string;
  readonly fields: readonly RawField[];
  readonly type: StructuredField;
  readonly disposition: StructuredField;
  readonly encoding: string;
  /** Raw body, still encoded; empty where it was not read. */
  readonly body: Buffer;
  /** Bytes after decoding, of a body that was not read. */
  readonly size?: number;
}

/** The leaves of a mail. `isComplete` is false when the mail has more parts than the limit. */
export interface MimeTree {
  readonly fields: readonly RawField[];
  readonly leaves: readonly MimeLeaf[];
  readonly isComplete: boolean;
}

const MAX_LEAVES = 500;
const MAX_DEPTH = 20;
/** Bytes of a head; the fields beyond are dropped. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;

/** Splits a raw mail into the leaves of the MIME tree (RFC 2046). Any bytes will do. */
export function mimeTree(source: Buffer): MimeTree {
  const leaves: MimeLeaf[] = [];
  let isComplete = true;

  function visit(raw: Buffer, part: string, depth: number, defaultType: string): readonly RawField[] {
    const { head, body } = split(raw);
    const fields = splitFields(head);
    const type = contentType(fieldValue(fields, "content-type"), defaultType);
    const boundary = type.value.startsWith("multipart/") ? boundaryOf(type, body) : "";
    if (boundary === "" || depth >= MAX_DEPTH) {
      leaves.push(leafOf(part || "1", fields, body, defaultType));
      return fields;
    }
    const childType = type.value === "multipart/digest" ? "message/rfc822" : "text/plain";
    const prefix = part === "" ? "" : `${part}.`;
    // Without any delimiter the body is a text, which must not vanish.
    if (!visitChildren(children(body, boundary), prefix, depth + 1, childType))
      leaves.push(leafOf(part || "1", fields, body, defaultType));
    return fields;
  }
  function visitChildren(bodies: Iterable<Buffer>, prefix: string, depth: number, type: string): boolean {
    let number = 0;
    for (const child of bodies) {
      number += 1;
      if (leaves.length >= MAX_LEAVES) {
        isComplete = false;
        break;
      }
      visit(child, `${prefix}${number}`, depth, type);
    }
    return number > 0;
  }

  const fields = visit(source, "", 0, "text/plain");
  return { fields, leaves, isComplete };
}

/** Makes a leaf of a part's head and body. A multipart without parts counts as plain text. */
export function leafOf(part: string, fields: readonly RawField[], body: Buffer, defaultType = "text/plain"): MimeLeaf {
  const type = contentType(fieldValue(fields, "content-type"), defaultType);
  return {
    part,
    fields,
    type: type.value.startsWith("multipart/") ? { ...type, value: "text/plain" } : type,
    disposition: parseStructured(fieldValue(fields, "content-disposition")),
    encoding: fieldValue(fields, "content-transfer-encoding").toLowerCase(),
    body,
  };
}

const FIELD = /^[!-9;-~]{1,100}[ \t]{0,9}:/m;

function split(raw: Buffer): { readonly head: string; readonly body: Buffer } {
  // A part may begin with the empty line that ends an empty head.
  const emptyHead = /^\r?\n/.exec(raw.toString("latin1", 0, 2));
  if (emptyHead) return { head: "", body: raw.subarray(emptyHead[0].length) };
  const gaps = [
    { at: raw.indexOf("\r\n\r\n"), length: 4 },
    { at: raw.indexOf("\n\n"), length: 2 },
  ].filter(({ at }) => at >= 0);
  const [gap] = gaps.sort((a, b) => a.at - b.at);
  const end = gap?.at ?? raw.length;
  const head = raw.toString("latin1", 0, Math.min(end, MAX_HEAD_BYTES));
  // What has no field is no head: a part, or a mail, that begins with its text.
  if (!FIELD.test(head)) return { head: "", body: raw };
  if (gap) return { head, body: raw.subarray(gap.at + gap.length) };
  const textAt = NO_FIELD.exec(head)?.index ?? head.length;
  return { head: head.slice(0, textAt), body: raw.subarray(textAt) };
}

/** First line that belongs to no field. The text begins there where the empty line is missing. */
const NO_FIELD = /^(?![ \t]|[!-9;-~]{1,100}[ \t]{0,9}:|[\w*-]{1,40}=|\r?$)/m;

/**
 * Parses a Content-Type. A type without a slash, as some senders write, counts as plain text. The semicolon before the
 * first parameter may be missing.
 */
function contentType(raw: string, defaultType: string): StructuredField {
  const parsed = parseStructured(raw);
  if (/^[^\s/;=]+\/[^\s/;=]+$/.test(parsed.value)) return parsed;
  const [, type, parameter] = /^\s*([\w.+-]{1,60}\/[\w.+-]{1,127})\s{1,99}([\w*-]{1,40}=[\s\S]*)$/.exec(raw) ?? [];
  if (type !== undefined) return parseStructured(`${type};${parameter}`);
  const isParameter = /^[\w-]+\s*=/.test(raw);
  const { parameters } = isParameter ? parseStructured(`;${raw}`) : parsed;
  return { value: raw === "" ? defaultType : "text/plain", parameters };
}

/**
 * Returns the boundary. One that is missing, or that the body does not have, is read from the first line that looks like a
 * delimiter and is followed by a field.
 */
function boundaryOf({ parameters }: StructuredField, body: Buffer): string {
  const boundary = parameters.boundary?.slice(0, 200) ?? "";
  if (boundary !== "" && body.includes(`--${boundary}`, 0, "latin1")) return boundary;
  const start = body.toString("latin1", 0, 8_192);
  const found = DELIMITER_AND_FIELD.exec(start) ?? (boundary === "" ? DELIMITER.exec(start) : undefined);
  return found?.[1] ?? boundary;
}

const DELIMITER = /(?:^|\n)--([^\s-][^\r\n]{0,100}?)[ \t]{0,99}\r?\n/;
const DELIMITER_AND_FIELD = /(?:^|\n)--([^\s][^\r\n]{0,100}?)[ \t]{0,99}\r?\ncontent-/i;

/** Yields the bodies between delimiter lines. */
function* children(body: Buffer, boundary: string): Generator<Buffer> {
  const delimiter = Buffer.from(`--${boundary}`, "latin1");
  let start = -1;
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + delimiter.length)) {
    const line = lineEnd(body, at + delimiter.length);
    if ((at > 0 && body[at - 1] !== LF) || line === undefined) continue;
    if (start >= 0) yield body.subarray(start, withoutLineEnd(body, start, at));
    start = line.next;
    if (line.isLast) return;
  }
  if (start >= 0) yield body.subarray(start);
}

const [LF, CR] = [10, 13];

/** Reads the rest of a delimiter line: nothing but `--` and blanks. Undefined for another line. */
function lineEnd(body: Buffer, at: number): { readonly next: number; readonly isLast: boolean } | undefined {
  const end = body.indexOf(LF, at);
  const rest = body.toString("latin1", at, Math.min(end < 0 ? body.length : end, at + 200));
  const isLast = rest.startsWith("--");
  if (!isLast && rest.trim() !== "") return undefined;
  return { next: end < 0 ? body.length : end + 1, isLast };
}

function withoutLineEnd(body: Buffer, start: number, end: number): number {
  let at = end;
  if (at > start && body[at - 1] === LF) at -= 1;
  if (at > start && body[at - 1] === CR) at -= 1;
  return at;
}
