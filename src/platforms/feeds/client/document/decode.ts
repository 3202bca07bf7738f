import { decodeCharset, decodeUtf8OrWindows1252, withoutC1 } from "../../../../platform/kit/charset.ts";

const BYTE_ORDER_MARKS = [
  // UTF-32 first: the mark of UTF-16LE begins that of UTF-32LE. Last is a "<" of four bytes without a mark.
  { bytes: [0x00, 0x00, 0xfe, 0xff], encoding: "utf-32be" },
  { bytes: [0xff, 0xfe, 0x00, 0x00], encoding: "utf-32le" },
  { bytes: [0x00, 0x00, 0x00, 0x3c], encoding: "utf-32be" },
  { bytes: [0x3c, 0x00, 0x00, 0x00], encoding: "utf-32le" },
  { bytes: [0xef, 0xbb, 0xbf], encoding: "utf-8" },
  { bytes: [0xfe, 0xff], encoding: "utf-16be" },
  { bytes: [0xff, 0xfe], encoding: "utf-16le" },
  // A "<" of two bytes is UTF-16 without its mark.
  { bytes: [0x00, 0x3c], encoding: "utf-16be" },
  { bytes: [0x3c, 0x00], encoding: "utf-16le" },
] as const;
/** Names of encodings of two or four bytes per character. */
const WIDE = /^(utf-?16|utf-?32|ucs-?[24]|unicode|iso-10646)/i;

/**
 * Decodes a feed or page in the order of RFC 7303 section 3. The byte order mark comes first, then the charset of the HTTP
 * answer, then the XML declaration, else UTF-8. Skips unknown encodings, and wide ones for bytes that are not; bytes that
 * are not UTF-8 at all are read as windows-1252, and so are C1 control characters.
 */
export function decodeText(bytes: Uint8Array, contentType: string): string {
  return withoutC1(decodeDeclared(bytes, contentType));
}

function decodeDeclared(bytes: Uint8Array, contentType: string): string {
  const mark = BYTE_ORDER_MARKS.find((known) => known.bytes.every((byte, index) => bytes[index] === byte))?.encoding;
  if (mark !== undefined) return decodeCharset(bytes, mark) ?? "";
  const charset = /;\s*charset\s*=\s*"?([^\s;"]{1,40})/i.exec(contentType)?.[1];
  const start = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  const declared = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]{1,40})/i.exec(start)?.[1];
  const hasNoZeros = !start.includes("\0");
  for (const name of [charset, declared]) {
    if (name === undefined) continue;
    if (/^utf-?8$/i.test(name) || (hasNoZeros && WIDE.test(name))) return decodeUtf8OrWindows1252(bytes);
    const text = decodeCharset(bytes, name);
    if (text !== undefined) return text;
  }
  return decodeUtf8OrWindows1252(bytes);
}
