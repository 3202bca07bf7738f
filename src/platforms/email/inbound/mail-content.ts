import { isUuencode, splitUuencoded, uuencodedPart } from "../client/uuencode.ts";
import { cleanLine, mediaTypeOf, takeFitting } from "../schemas/event-bounds.ts";
import type { ListedAttachment, MailContent } from "../schemas/inbound-mail.ts";
import { fieldValue } from "./header-fields.ts";
import { decodeMailText } from "./mail-charset.ts";
import type { MailParts } from "./mail-task.ts";
import type { MimeLeaf } from "./mime-tree.ts";

/** Text parts that are joined; the rest is attached. */
const MAX_TEXTS = 20;
const MAX_LISTED = { max: 100, bytes: 24_576 };

/** Sorts a mail's leaves into text, HTML and attachments. */
export function mailContent({ leaves, isComplete }: MailParts): MailContent {
  const isEmpty = leaves.length === 1 && (leaves[0]?.size ?? leaves[0]?.body.length) === 0;
  const texts = isEmpty ? [] : leaves.filter((leaf) => isTextLeaf(leaf, "text/plain")).slice(0, MAX_TEXTS);
  const htmls = leaves.filter((leaf) => isTextLeaf(leaf, "text/html")).slice(0, MAX_TEXTS);
  const shown = new Set([...texts, ...htmls]);
  const others = leaves.filter((leaf) => !shown.has(leaf) && !(isEmpty && isUnnamed(leaf)));
  const plain = plainTexts(texts.map((leaf) => ({ part: leaf.part, text: textOf(leaf) })));
  const files = [...others.map((leaf) => () => attachmentOf(leaf)), ...plain.files.map((file) => () => file)];
  const attachments = takeFitting(files, (described) => described(), MAX_LISTED);
  return {
    text: joinTexts(plain.texts, "\n"),
    html: joinTexts(htmls.map(textOf), "<br>\n"),
    attachments,
    hasMoreAttachments: !isComplete || attachments.length < files.length,
  };
}

/** Plain text of a part. */
interface PartText {
  readonly part: string;
  readonly text: string;
}

/** Takes the uuencoded files out of plain texts. */
function plainTexts(parts: readonly PartText[]): {
  readonly texts: readonly string[];
  readonly files: readonly ListedAttachment[];
} {
  const split = parts.map(({ part, text }) => ({ part, ...splitUuencoded(text) }));
  const files = split.flatMap(({ part, files: found }) =>
    found.map(({ name, content }, index) => ({
      name: cleanLine(name, 255),
      mediaType: "application/octet-stream",
      size: content.length,
      part: uuencodedPart(part, index),
    })),
  );
  return { texts: split.map(({ text }) => text), files };
}

/** Joins the texts of several parts; undefined for none. */
function joinTexts(texts: readonly string[], separator: string): string | undefined {
  return texts.length === 0 ? undefined : texts.filter((text, index) => index === 0 || text !== "").join(separator);
}

/** Tells whether a leaf is shown as text; others are attachments. */
export function isShownText(leaf: MimeLeaf): boolean {
  return isTextLeaf(leaf, "text/plain") || isTextLeaf(leaf, "text/html");
}

function isTextLeaf(leaf: MimeLeaf, type: string): boolean {
  return leaf.type.value === type && leaf.disposition.value !== "attachment" && nameOf(leaf) === undefined;
}

function isUnnamed(leaf: MimeLeaf): boolean {
  return nameOf(leaf) === undefined && leaf.type.value.startsWith("text/");
}

function nameOf({ type, disposition }: MimeLeaf): string | undefined {
  const name = cleanLine(disposition.parameters.filename || type.parameters.name || "", 255);
  return name === "" ? undefined : name;
}

function textOf(leaf: MimeLeaf): string {
  return decodeText(decodeTransfer(leaf.body, leaf.encoding), leaf.type.value, leaf.type.parameters.charset);
}

/** Decodes a text part. HTML without a charset may name the charset in a `meta` element. */
function decodeText(bytes: Buffer, type: string, charset: string | undefined): string {
  const head = type === "text/html" && charset === undefined ? bytes.toString("latin1", 0, 4_096) : "";
  const meta = /<meta[^>]{0,500}charset\s{0,9}=\s{0,9}["']?([\w:.-]{1,40})/i.exec(head)?.[1];
  // A document that could be searched for the element as ASCII is not UTF-16, whatever the element says.
  const label = charset ?? (meta && /^utf-?16/i.test(meta) ? "utf-8" : meta);
  return decodeMailText(bytes, label).replace(/^\ufeff/, "");
}

/** Undoes a Content-Transfer-Encoding (RFC 2045 section 6). */
export function decodeTransfer(body: Buffer, encoding: string): Buffer {
  if (encoding === "base64") return decodeBase64(body);
  if (isUuencode(encoding)) return splitUuencoded(body.toString("latin1")).files[0]?.content ?? body;
  if (encoding !== "quoted-printable") return body;
  const text = body
    .toString("latin1")
    .split("\n")
    .map(withoutBlankEnd)
    .join("\n")
    .replace(/=\r?\n/g, "")
    .replace(/=([0-9a-f]{2})/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(text, "latin1");
}

/** Decodes base64. A body whose first line is none was not encoded; lists append their footer behind the padding. */
function decodeBase64(body: Buffer): Buffer {
  const text = body.toString("latin1");
  const [firstLine = ""] = /[^\s][^\r\n]{0,2000}/.exec(text) ?? [];
  return /^[A-Za-z0-9+/]*(?:=.*)?$/.test(firstLine.trim()) ? Buffer.from(text, "base64") : body;
}

/** Removes blanks at the end of a line. They were added on the way (RFC 2045 section 6.7). */
function withoutBlankEnd(line: string): string {
  const lineEnd = line.endsWith("\r") ? "\r" : "";
  let end = line.length - lineEnd.length;
  while (line[end - 1] === " " || line[end - 1] === "\t") end -= 1;
  return line.slice(0, end) + lineEnd;
}

function attachmentOf(leaf: MimeLeaf): ListedAttachment {
  const name = nameOf(leaf);
  const id = cleanLine(fieldValue(leaf.fields, "content-id").replace(/^<|>$/g, ""), 250);
  return {
    ...(name === undefined ? {} : { name }),
    mediaType: mediaTypeOf(leaf.type.value, leaf.type.parameters.method),
    size: leaf.size ?? decodeTransfer(leaf.body, leaf.encoding).length,
    ...(id === "" ? {} : { id }),
    part: leaf.part,
  };
}
