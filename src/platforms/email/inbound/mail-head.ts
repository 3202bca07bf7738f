import { decodeWords, ESSENTIAL, type RawField } from "./header-fields.ts";
import { decodeMailText } from "./mail-charset.ts";
import type { MimeTree } from "./mime-tree.ts";

/** Fields that describe the body, which is replaced. */
const BODY_FIELDS = new Set(["content-type", "content-transfer-encoding", "content-disposition", "mime-version"]);
/** Charsets of encoded words that mailparser does not decode. */
const RARE_WORD =
  /=\?(binary|8bit|unknown[\w-]*|x-unknown|ansi_x3[\w.-]*|iso-2022-kr|hz[\w-]*|[\w-]*utf-7)(\*[^?]*)?\?[bq]\?/i;
const MAX_FIELD_CHARS = 32_768;
/** Characters of all fields together; fields that events need have more room than others. */
const MAX_CHARS = 262_144;
const MAX_ESSENTIAL_CHARS = 786_432;

/**
 * Rebuilds a mail's head for mailparser. The head is UTF-8, each field cut at a limit, rare encoded words decoded. The body is `html`,
 * of which mailparser makes text, or empty.
 */
export function readableHead({ fields, leaves }: MimeTree, html: string | undefined): Buffer {
  const charset = leaves[0]?.type.parameters.charset;
  const lines: string[] = [];
  let chars = 0;
  for (const field of fields) {
    if (BODY_FIELDS.has(field.name)) continue;
    const line = readable(field, charset).slice(0, MAX_FIELD_CHARS).toWellFormed();
    chars += line.length;
    if (chars < (ESSENTIAL.test(field.name) ? MAX_ESSENTIAL_CHARS : MAX_CHARS)) lines.push(line);
    else chars -= line.length;
  }
  const body = [
    "MIME-Version: 1.0",
    `Content-Type: text/${html === undefined ? "plain" : "html"}; charset=utf-8`,
    "Content-Transfer-Encoding: 8bit",
    "",
    html ?? "",
  ];
  return Buffer.from([...lines, ...body].join("\r\n"));
}

/** Decodes a field's raw bytes by UTF-8 or the mail's charset. A field is ASCII by the standard. */
function readable({ lines }: RawField, charset: string | undefined): string {
  const hasRawBytes = RAW_BYTES.test(lines);
  const text = hasRawBytes || RARE_WORD.test(lines) ? lines.replace(WORDS, reencoded) : lines;
  return hasRawBytes ? decodeMailText(Buffer.from(text, "latin1"), rawLabel(text, charset)) : text;
}

const RAW_BYTES = /[\u0080-\u00ff]/;
const WORDS = /(?:=\?[^?\s]{1,60}\?[bq]\?[^?]*\?=(?:\s+(?==\?))?)+/gi;

/** Encodes words again, as UTF-8. Decoded ones may hold specials of address fields. */
function reencoded(words: string): string {
  if (!RAW_BYTES.test(words) && !RARE_WORD.test(words)) return words;
  return `=?utf-8?B?${Buffer.from(decodeWords(words)).toString("base64")}?=`;
}

/** Returns the charset of raw bytes in a field. UTF-8 where the bytes fit, else the charset of the body. */
function rawLabel(lines: string, charset = ""): string {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(lines, "latin1"));
    return "utf-8";
  } catch {
    return charset;
  }
}
