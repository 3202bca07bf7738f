/** File that a plain text contains in the old encoding of Unix mail (uuencode, POSIX.1). */
export interface UuencodedFile {
  readonly name: string;
  readonly content: Buffer;
}

/** Characters of a text that are searched for files. */
const MAX_CHARS = 4 * 1024 * 1024;
const MAX_FILES = 20;
const BEGIN = /^begin [0-7]{3,4} (\S.{0,254})$/;

/** Splits a text into the text without its files, and the files. A file without its end stays text. */
export function splitUuencoded(text: string): { readonly text: string; readonly files: readonly UuencodedFile[] } {
  if (text.length > MAX_CHARS || !/^begin [0-7]{3,4} \S/m.test(text)) return { text, files: [] };
  const lines = text.split(/\r?\n/);
  const kept: string[] = [];
  const files: UuencodedFile[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const name = files.length < MAX_FILES ? BEGIN.exec(line)?.[1] : undefined;
    const file = name === undefined ? undefined : fileAt(lines, at + 1);
    if (name !== undefined && file) {
      files.push({ name: name.trim(), content: file.content });
      at = file.end;
    } else kept.push(line);
  }
  return files.length === 0 ? { text, files } : { text: kept.join("\n"), files };
}

/** Decodes lines up to `end`. Undefined as soon as a line is none of a file. */
function fileAt(
  lines: readonly string[],
  start: number,
): { readonly content: Buffer; readonly end: number } | undefined {
  const pieces: Buffer[] = [];
  for (let at = start; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (line === "end") return { content: Buffer.concat(pieces), end: at };
    const piece = decodedLine(line);
    if (!piece) return undefined;
    pieces.push(piece);
  }
  return undefined;
}

/** Decodes a line. Its first character is the number of bytes, and each four of the others are three bytes. */
function decodedLine(line: string): Buffer | undefined {
  if (!/^[ -`]{1,90}$/.test(line)) return undefined;
  const size = valueAt(line, 0);
  // Mail servers remove blanks at the end of a line, which stand for zeros.
  const bytes = Buffer.alloc(Math.ceil(size / 3) * 3);
  if (line.length > 1 + Math.ceil(size / 3) * 4 + 2) return undefined;
  for (let group = 0; group * 3 < size; group += 1) {
    const [a, b, c, d] = [1, 2, 3, 4].map((offset) => valueAt(line, group * 4 + offset)) as [
      number,
      number,
      number,
      number,
    ];
    bytes.writeUIntBE((a << 18) | (b << 12) | (c << 6) | d, group * 3, 3);
  }
  return bytes.subarray(0, size);
}

function valueAt(line: string, at: number): number {
  return at < line.length ? (line.charCodeAt(at) - 32) & 63 : 0;
}

/** Tells whether a transfer encoding is uuencode. Senders give it several names, and no standard one. */
export function isUuencode(encoding: string): boolean {
  return /^(x-)?uu(encode|e)?$/.test(encoding);
}

/** Number of a file within a part. `1.uu2` is the second file in the text of part 1. */
const PART = /^([\d.]+)\.uu(\d{1,2})$/;

/** Returns the number by which a file in a part's text can be fetched. */
export function uuencodedPart(part: string, index: number): string {
  return `${part}.uu${index + 1}`;
}

/** Reads the number of a file in a text; undefined for other parts. */
export function uuencodedIn(part: string): { readonly part: string; readonly index: number } | undefined {
  const [, base = "", number] = PART.exec(part) ?? [];
  return number === undefined ? undefined : { part: base, index: Number(number) - 1 };
}
