import { decodeCharset } from "../../../platform/kit/charset.ts";

/** Labels that name no charset, or that senders use for anything. */
const UNSPECIFIC =
  /^(|us-?ascii|ascii|ansi_x3\.4-19\d\d|binary|8bit|7bit|unknown(-8bit)?|x-unknown|default|none|utf-?8)$/;
/** Labels of encodings whose texts have zero bytes. */
const WIDE = /^(utf-?16|ucs-?2|utf-?32|iso-10646-ucs)/;

/**
 * Decodes a mail's text by its label. The bytes decide where the label is missing, unknown or wrong. Never throws.
 * Feeds have a default charset (XML's is UTF-8), mail has none: therefore the guess is here and not in the kit.
 */
export function decodeMailText(bytes: Buffer, label = ""): string {
  const name = label
    .trim()
    .replace(/^["']|["']$/g, "")
    .toLowerCase();
  if (UNSPECIFIC.test(name) || (WIDE.test(name) && !bytes.includes(0))) return decodeUnlabelled(bytes);
  return decodeCharset(bytes, name) ?? decodeUnlabelled(bytes);
}

/** Decodes text by its bytes. UTF-16 by its mark, Japanese by its escapes, UTF-8 where they fit, else windows-1252. */
function decodeUnlabelled(bytes: Buffer): string {
  return decodeCharset(bytes, charsetOf(bytes)) ?? "";
}

function charsetOf(bytes: Buffer): string {
  if (bytes.length >= 2 && (bytes.readUInt16BE(0) === 0xfeff || bytes.readUInt16BE(0) === 0xfffe)) return "utf-16";
  // ESC $ begins Japanese text (ISO-2022-JP), which is ASCII by its bytes.
  if (bytes.includes("\u001b$", 0, "latin1")) return "iso-2022-jp";
  // Text with some good multi-byte characters is damaged UTF-8, not windows-1252.
  const latin1 = bytes.toString("latin1");
  const isCutText = /[\u00c2-\u00f4][\u0080-\u00bf]/.test(latin1) && isUtf8(bytes, true);
  const isUnicode = isUtf8(bytes, false) || isCutText || /[\u00e0-\u00f4][\u0080-\u00bf]{2}/.test(latin1);
  return isUnicode ? "utf-8" : "windows-1252";
}

/** Tells whether bytes are UTF-8; with `isCut` the last character may be incomplete. */
function isUtf8(bytes: Buffer, isCut: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut });
    return true;
  } catch {
    return false;
  }
}
