/** A MIME part of a mail, or a whole mail. Has no more detail than delivery reports need. */
export interface MimePart {
  readonly head: string;
  /** Media type in lower case, without parameters. */
  readonly type: string;
  readonly boundary: string | undefined;
  /** Decoded body, a character for each byte that is not UTF-8. */
  readonly body: string;
}

const MAX_PARTS = 20;
const MAX_HEAD_CHARS = 65_536;

/** Splits raw text, a character for each byte, into head and body. */
export function parsePart(raw: string): MimePart {
  const gap = /\r?\n\r?\n/.exec(raw);
  const head = raw.slice(0, Math.min(MAX_HEAD_CHARS, gap ? gap.index : raw.length));
  const content = headerField(head, "content-type");
  return {
    head,
    type: (/^[^\s;]{1,100}/.exec(content)?.[0] ?? "text/plain").toLowerCase(),
    boundary: boundaryOf(content),
    body: gap ? decoded(raw.slice(gap.index + gap[0].length), headerField(head, "content-transfer-encoding")) : "",
  };
}

/** Returns the first twenty parts of a multipart body (RFC 2046 section 5.1). */
export function parseParts({ body, boundary }: MimePart): readonly MimePart[] {
  if (boundary === undefined) return [];
  const pieces = `\n${body}`.split(`\n--${boundary}`, MAX_PARTS + 2);
  const parts: MimePart[] = [];
  for (const piece of pieces.slice(1, MAX_PARTS + 1)) {
    if (piece.startsWith("--")) break;
    const end = piece.indexOf("\n");
    if (end < 0 || piece.slice(0, end).trim() !== "") continue;
    // A part may begin with the empty line that ends an empty head.
    parts.push(parsePart(piece.slice(end + 1).replace(/^\r?\n/, "\r\n\r\n")));
  }
  return parts;
}

/** Returns a field's value in a single line, "" for a missing field. `name` is in lower case. */
export function headerField(head: string, name: string): string {
  const lines = head.split(/\r?\n/);
  const at = lines.findIndex((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`);
  if (at < 0) return "";
  const folded = lines.slice(at + 1).findIndex((line) => !/^[ \t]/.test(line));
  const end = folded < 0 ? lines.length : at + 1 + folded;
  const value = lines
    .slice(at, end)
    .join(" ")
    .slice(name.length + 1);
  return utf8(value.replace(/[ \t]+/g, " ").trim());
}

function boundaryOf(content: string): string | undefined {
  const [, quoted, bare] = /;\s?boundary\s?=\s?(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(content) ?? [];
  return quoted ?? bare;
}

function decoded(body: string, encoding: string): string {
  if (/^base64$/i.test(encoding)) return Buffer.from(body, "base64").toString("latin1");
  if (!/^quoted-printable$/i.test(encoding)) return body;
  return body
    .replace(/=[ \t]{0,20}\r?\n/g, "")
    .replace(/=([0-9A-F]{2})/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
