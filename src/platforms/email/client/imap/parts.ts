import type { MessageStructureObject } from "imapflow";
import type { ListedAttachment } from "../../inbound/mail-schema.ts";
import { cleaned } from "../../inbound/mail-text.ts";

export interface Parts {
  /** IMAP's numbers of the parts that are what the mail says. */
  readonly text?: string;
  readonly html?: string;
  readonly attachments: readonly ListedAttachment[];
  /** A delivery status report (RFC 3464). */
  readonly report: boolean;
}

/** More attachments than so many are not listed; a mail's structure is looked at so deep. */
const MOST = 100;
const DEEPEST = 20;

/** Sorts the parts of a mail, as its server describes them, into text, HTML and attachments. */
export function partsOf(structure: MessageStructureObject | undefined): Parts {
  const leaves = structure ? leavesOf(structure, 0).slice(0, MOST) : [];
  const text = leaves.find((node) => isText(node, "text/plain"));
  const html = leaves.find((node) => isText(node, "text/html"));
  const report =
    structure?.type.toLowerCase() === "multipart/report" &&
    structure.parameters?.["report-type"]?.toLowerCase() === "delivery-status";
  return {
    ...(text ? { text: numberOf(text) } : {}),
    ...(html ? { html: numberOf(html) } : {}),
    attachments: leaves.filter((node) => node !== text && node !== html).map(listed),
    report,
  };
}

/** What holds no other parts; the whole of a forwarded mail is one of them. */
function leavesOf(node: MessageStructureObject, depth: number): readonly MessageStructureObject[] {
  if (depth > DEEPEST) return [];
  if (!node.type.toLowerCase().startsWith("multipart/")) return [node];
  return (node.childNodes ?? []).slice(0, MOST).flatMap((child) => leavesOf(child, depth + 1));
}

function numberOf({ part = "1" }: MessageStructureObject): string {
  return part;
}

function isText(node: MessageStructureObject, type: string): boolean {
  return (
    node.type.toLowerCase() === type && node.disposition?.toLowerCase() !== "attachment" && nameOf(node) === undefined
  );
}

/** Its size is as near as can be told without reading it. */
function listed(node: MessageStructureObject): ListedAttachment {
  const name = nameOf(node);
  const id = cleaned(node.id?.replace(/^<|>$/g, "") ?? "", 250);
  return {
    ...(name === undefined ? {} : { name }),
    mediaType: cleaned(node.type.toLowerCase(), 127),
    size: decodedSize(node),
    ...(id === "" ? {} : { id }),
    part: numberOf(node),
  };
}

function nameOf({ dispositionParameters, parameters }: MessageStructureObject): string | undefined {
  const name = dispositionParameters?.filename ?? parameters?.name;
  return name === undefined || name === "" ? undefined : cleaned(name, 255);
}

/** Base64 as mail has it: lines of 76 characters and CRLF for each 57 bytes. */
function decodedSize({ size = 0, encoding }: MessageStructureObject): number {
  return encoding?.toLowerCase() === "base64" ? Math.floor((size * 57) / 78) : size;
}
