import iconv from "iconv-lite";

/**
 * Decodes bytes of a named character set; undefined for an unknown name. Names are read as browsers do (WHATWG Encoding), so
 * that iso-8859-1 means windows-1252. Decoding is iconv's: TextDecoder of current Node versions reads windows-1252 as Latin-1
 * and loses the euro sign and quotes. Invalid bytes become U+FFFD.
 */
export function decodeCharset(bytes: Uint8Array, name: string): string | undefined {
  const encoding = encodingOf(name.trim());
  if (encoding === undefined) return undefined;
  if (!encoding.startsWith("utf-") && iconv.encodingExists(encoding)) return iconv.decode(Buffer.from(bytes), encoding);
  return new TextDecoder(encoding).decode(bytes);
}

/**
 * Decodes UTF-8, or windows-1252 where the bytes are not UTF-8 at all. A few invalid bytes within valid UTF-8 become U+FFFD.
 */
export function decodeUtf8OrWindows1252(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  const isUtf8 = !text.includes("\ufffd") || /[^\0-\x7f\ufffd]/.test(text);
  return isUtf8 ? text : iconv.decode(Buffer.from(bytes), "windows-1252");
}

function encodingOf(name: string): string | undefined {
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return undefined;
  }
}
