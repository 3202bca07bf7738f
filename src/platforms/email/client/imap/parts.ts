import type { MessageStructureObject } from "imapflow";
import { cleanLine, mediaTypeOf } from "../../schemas/event-bounds.ts";
import type { ListedAttachment } from "../../schemas/inbound-mail.ts";
import { isUuencode } from "../uuencode.ts";

/** A part without children, as the server describes it. */
export interface DescribedPart {
  /** IMAP's part number (RFC 3501 section 6.4.5). */
  readonly part: string;
  /** True: the part is the mail itself, which has a single part. */
  readonly isRoot: boolean;
  /** Estimated bytes after decoding. */
  readonly size: number;
  /** Bytes before decoding. */
  readonly rawSize: number;
  /** Type of a part that names none. */
  readonly defaultType: string;
}

/** A part that can be downloaded. */
export interface DownloadablePart {
  readonly attachment: ListedAttachment;
  /** True: the content is in uuencode, which the IMAP library does not decode. */
  readonly isUuencoded: boolean;
}

/** Parts beyond this number are not read. */
const MAX_PARTS = 500;
/** Text parts that are joined; the rest is attached. */
const MAX_TEXTS = 20;
const MAX_DEPTH = 20;
const MAX_CHILDREN = 500;

/** Returns a mail's attachments, as the server describes them. `mailContent` sorts raw mail the same way. */
export function attachmentsOfStructure(structure: MessageStructureObject | undefined): readonly ListedAttachment[] {
  const leaves = structure ? leavesOf(structure, 0) : [];
  const texts = leaves.filter((node) => isText(node, "text/plain")).slice(0, MAX_TEXTS);
  const htmls = leaves.filter((node) => isText(node, "text/html")).slice(0, MAX_TEXTS);
  const shown = new Set([...texts, ...htmls]);
  return leaves.filter((node) => !shown.has(node)).map(listedAttachment);
}

/** Returns all parts without children by their numbers. */
export function downloadableParts(
  structure: MessageStructureObject | undefined,
): ReadonlyMap<string, DownloadablePart> {
  const leaves = structure ? leavesOf(structure, 0) : [];
  return new Map(
    leaves.map((node) => [
      numberOf(node),
      { attachment: listedAttachment(node), isUuencoded: isUuencode(node.encoding?.toLowerCase() ?? "") },
    ]),
  );
}

/** Returns a mail's parts in order, and whether these are all. */
export function describedParts(structure: MessageStructureObject | undefined): {
  readonly parts: readonly DescribedPart[];
  readonly isComplete: boolean;
} {
  const leaves = structure ? leavesOf(structure, 0) : [];
  const parts = leaves.slice(0, MAX_PARTS).map((node) => ({
    part: numberOf(node),
    isRoot: node === structure,
    size: decodedSize(node),
    rawSize: node.size ?? 0,
    defaultType: typeOf(node) === "message/rfc822" ? "message/rfc822" : "text/plain",
  }));
  return { parts, isComplete: parts.length === leaves.length };
}

/** Returns the parts without children; a forwarded mail counts as a single part. */
function leavesOf(node: MessageStructureObject, depth: number): readonly MessageStructureObject[] {
  if (depth > MAX_DEPTH) return [];
  if (!typeOf(node).startsWith("multipart/")) return [node];
  return (node.childNodes ?? []).slice(0, MAX_CHILDREN).flatMap((child) => leavesOf(child, depth + 1));
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
    part: numberOf(node),
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
