import { decodeCharset } from "./charset.ts";
import { decodeWords, type RawField } from "./header-fields.ts";
import type { MimeTree } from "./mime-tree.ts";

/** Fields that describe the body, which is replaced. */
const BODY_FIELDS = new Set(["content-type", "content-transfer-encoding", "content-disposition", "mime-version"]);
/** Charsets of encoded words that mailparser does not decode. */
const RARE_WORD =
  /=\?(binary|8bit|unknown[\w-]*|x-unknown|ansi_x3[\w.-]*|iso-2022-kr|hz[\w-]*|[\w-]*utf-7)(\*[^?]*)?\?[bq]\?/i;
const MAX_FIELD_CHARS = 32_768;

/**
 * Rebuilds a mail's head for mailparser: in UTF-8, each field cut at a limit, rare encoded words decoded. The body is `html`,
 * of which mailparser makes text, or empty.
 */
export function readableHead({ fields, leaves }: MimeTree, html: string | undefined): Buffer {
  const charset = leaves[0]?.type.parameters.charset;
  const lines = fields
    .filter(({ name }) => !BODY_FIELDS.has(name))
    .map((field) => readable(field, charset).slice(0, MAX_FIELD_CHARS).toWellFormed());
  const body = [
    "MIME-Version: 1.0",
    `Content-Type: text/${html === undefined ? "plain" : "html"}; charset=utf-8`,
    "Content-Transfer-Encoding: 8bit",
    "",
    html ?? "",
  ];
  return Buffer.from([...lines, ...body].join("\r\n"));
}

/** Decodes a field's raw bytes by UTF-8 or the mail's charset; a field is ASCII by the standard. */
function readable({ lines }: RawField, charset: string | undefined): string {
  const text = /[\u0080-\u00ff]/.test(lines)
    ? decodeCharset(Buffer.from(lines, "latin1"), rawLabel(lines, charset))
    : lines;
  if (!RARE_WORD.test(text)) return text;
  // Decoded words may hold specials of address fields, so they are encoded again, as UTF-8.
  return text.replace(/(?:=\?[^?\s]{1,60}\?[bq]\?[^?]*\?=(?:\s+(?==\?))?)+/gi, (words) => {
    const decoded = decodeWords(words);
    return `=?utf-8?B?${Buffer.from(decoded).toString("base64")}?=`;
  });
}

/** Returns the charset of raw bytes in a field: UTF-8 where the bytes fit, else the charset of the body. */
function rawLabel(lines: string, charset = ""): string {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(lines, "latin1"));
    return "utf-8";
  } catch {
    return charset;
  }
}
