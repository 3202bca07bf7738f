import type { MessageStructureObject } from "imapflow";
import { cleanLine } from "../../schemas/event-bounds.ts";
import type { ListedAttachment } from "../../schemas/inbound-mail.ts";

/** The parts of a mail by purpose. */
export interface MailParts {
  /** IMAP's part number of the plain text. */
  readonly text?: string;
  /** IMAP's part number of the HTML. */
  readonly html?: string;
  readonly attachments: readonly ListedAttachment[];
  /** True for a delivery status report (RFC 3464). */
  readonly isReport: boolean;
}

/** Attachments beyond this number are not listed. */
const MAX_LISTED = 100;
const MAX_DEPTH = 20;

/** Sorts a mail's parts, as the server describes them, into text, HTML and attachments. */
export function partsOfStructure(structure: MessageStructureObject | undefined): MailParts {
  const leaves = structure ? leavesOf(structure, 0).slice(0, MAX_LISTED) : [];
  const text = leaves.find((node) => isText(node, "text/plain"));
  const html = leaves.find((node) => isText(node, "text/html"));
  const isReport =
    structure?.type.toLowerCase() === "multipart/report" &&
    structure.parameters?.["report-type"]?.toLowerCase() === "delivery-status";
  return {
    ...(text ? { text: numberOf(text) } : {}),
    ...(html ? { html: numberOf(html) } : {}),
    attachments: leaves.filter((node) => node !== text && node !== html).map(listedAttachment),
    isReport,
  };
}

/** Returns the parts without children; a forwarded mail counts as a single part. */
function leavesOf(node: MessageStructureObject, depth: number): readonly MessageStructureObject[] {
  if (depth > MAX_DEPTH) return [];
  if (!node.type.toLowerCase().startsWith("multipart/")) return [node];
  return (node.childNodes ?? []).slice(0, MAX_LISTED).flatMap((child) => leavesOf(child, depth + 1));
}

function numberOf({ part = "1" }: MessageStructureObject): string {
  return part;
}

function isText(node: MessageStructureObject, type: string): boolean {
  return (
    node.type.toLowerCase() === type && node.disposition?.toLowerCase() !== "attachment" && nameOf(node) === undefined
  );
}

/** Describes an attachment; the size is an estimate, since the content is not read. */
function listedAttachment(node: MessageStructureObject): ListedAttachment {
  const name = nameOf(node);
  const id = cleanLine(node.id?.replace(/^<|>$/g, "") ?? "", 250);
  return {
    ...(name === undefined ? {} : { name }),
    mediaType: cleanLine(node.type.toLowerCase(), 127),
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
