import iconv from "iconv-lite";
import { decodeSevenBit } from "./seven-bit-charset.ts";

/** Encodings that iconv-lite reads in full under the name of a larger one. */
const SUPERSETS: Readonly<Record<string, string>> = { gbk: "gb18030", "euc-kr": "cp949", shift_jis: "cp932" };

/**
 * Decodes bytes of a named character set; undefined for an unknown name. Names are read as browsers do (WHATWG Encoding), so
 * that iso-8859-1 means windows-1252; then as iconv-lite does, which knows more of them (utf-7, cp850). Decoding is
 * iconv-lite's: TextDecoder of current Node versions reads windows-1252 as Latin-1 and loses the euro sign and quotes.
 * Invalid bytes become U+FFFD. UTF-16 without a byte order in its name is read by its byte order mark, else by its content.
 */
export function decodeCharset(bytes: Uint8Array, name: string): string | undefined {
  const label = name.trim().toLowerCase();
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (/^utf-?16$/.test(label)) return iconv.decode(buffer, "utf-16");
  const standard = encodingOf(label);
  const encoding = SUPERSETS[standard ?? label] ?? standard ?? label;
  if (!standard?.startsWith("utf-") && iconv.encodingExists(encoding)) return iconv.decode(buffer, encoding);
  return standard === undefined ? decodeSevenBit(buffer, label) : new TextDecoder(standard).decode(bytes);
}

/**
 * Decodes UTF-8, or windows-1252 where the bytes are not UTF-8 at all. A few invalid bytes within valid UTF-8 become U+FFFD.
 */
export function decodeUtf8OrWindows1252(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  const isUtf8 = !text.includes("\ufffd") || /[^\0-\x7f\ufffd]/.test(text);
  return isUtf8 ? text : iconv.decode(Buffer.from(bytes), "windows-1252");
}

/**
 * Replaces C1 control characters by the windows-1252 characters of the same codes. Programs that pass windows-1252 on as
 * Latin-1 write these controls in place of quotes, dashes and the euro sign.
 */
export function withoutC1(text: string): string {
  return text.replace(/[\u0080-\u009f]/g, (character) => {
    const decoded = iconv.decode(Buffer.from(character, "latin1"), "windows-1252");
    return decoded === "\ufffd" ? character : decoded;
  });
}

function encodingOf(name: string): string | undefined {
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return undefined;
  }
}
