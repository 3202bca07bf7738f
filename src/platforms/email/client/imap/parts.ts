import type { MessageStructureObject } from "imapflow";
import { cleanLine, mediaTypeOf } from "../../schemas/event-bounds.ts";
import type { ListedAttachment } from "../../schemas/inbound-mail.ts";
import { isUuencode, uuencodedPart } from "../uuencode.ts";

/** The parts of a mail by purpose. */
export interface MailParts {
  /** Parts of the plain text, joined by readers. */
  readonly texts: readonly TextPart[];
  readonly htmls: readonly TextPart[];
  readonly attachments: readonly ListedAttachment[];
  readonly hasMoreAttachments: boolean;
}

/** A text part as the server describes it. */
export interface TextPart {
  /** IMAP's part number (RFC 3501 section 6.4.5). */
  readonly part: string;
  readonly charset: string | undefined;
}

/** Attachments beyond this number are not listed. */
const MAX_LISTED = 100;
/** Text parts that are joined; the rest is attached. */
const MAX_TEXTS = 20;
const MAX_DEPTH = 20;
const MAX_CHILDREN = 500;

/** Sorts a mail's parts, as the server describes them. `mailContent` sorts raw mail the same way. */
export function partsOfStructure(structure: MessageStructureObject | undefined): MailParts {
  const leaves = structure ? leavesOf(structure, 0) : [];
  const texts = leaves.filter((node) => isText(node, "text/plain")).slice(0, MAX_TEXTS);
  const htmls = leaves.filter((node) => isText(node, "text/html")).slice(0, MAX_TEXTS);
  const shown = new Set([...texts, ...htmls]);
  const others = leaves.filter((node) => !shown.has(node));
  return {
    texts: texts.map(textPart),
    htmls: htmls.map(textPart),
    attachments: others.slice(0, MAX_LISTED).map(listedAttachment),
    hasMoreAttachments: others.length > MAX_LISTED,
  };
}

/** Returns the parts without children; a forwarded mail counts as a single part. */
function leavesOf(node: MessageStructureObject, depth: number): readonly MessageStructureObject[] {
  if (depth > MAX_DEPTH) return [];
  if (!typeOf(node).startsWith("multipart/")) return [node];
  return (node.childNodes ?? []).slice(0, MAX_CHILDREN).flatMap((child) => leavesOf(child, depth + 1));
}

function textPart(node: MessageStructureObject): TextPart {
  return { part: numberOf(node), charset: node.parameters?.charset };
}

function numberOf({ part = "1" }: MessageStructureObject): string {
  return part;
}

/** Returns the media type. A server passes on half of a type as it stands, such as `text/`; it counts as plain text. */
function typeOf({ type }: MessageStructureObject): string {
  return /^[^\s/;=]+\/[^\s/;=]+$/.test(type) ? type.toLowerCase() : "text/plain";
}

function isText(node: MessageStructureObject, type: string): boolean {
  return typeOf(node) === type && node.disposition?.toLowerCase() !== "attachment" && nameOf(node) === undefined;
}

/** Describes an attachment; the size is an estimate, since the content is not read. */
function listedAttachment(node: MessageStructureObject): ListedAttachment {
  const name = nameOf(node);
  const id = cleanLine(node.id?.replace(/^<|>$/g, "") ?? "", 250);
  return {
    ...(name === undefined ? {} : { name }),
    mediaType: mediaTypeOf(typeOf(node), node.parameters?.method),
    size: decodedSize(node),
    ...(id === "" ? {} : { id }),
    part: isUuencode(node.encoding?.toLowerCase() ?? "") ? uuencodedPart(numberOf(node), 0) : numberOf(node),
  };
}

function nameOf({ dispositionParameters, parameters }: MessageStructureObject): string | undefined {
  const name = dispositionParameters?.filename ?? parameters?.name;
  return name === undefined || name === "" ? undefined : cleanLine(name, 255);
}

/** Estimates the decoded size. Base64 in mail has lines of 76 characters and CRLF for each 57 bytes. */
function decodedSize({ size = 0, encoding }: MessageStructureObject): number {
  return encoding?.toLowerCase() === "base64" ? Math.floor((size * 57) / 78) : size;
}
