import { cleanLine } from "../schemas/event-bounds.ts";
import { activityIdIn, messageIdIn } from "./bounce-ids.ts";
import { looksLikeBounce, plainBounce } from "./bounce-plain.ts";
import { actionOf, statusOf } from "./bounce-status.ts";
import { fieldValue, type RawField, splitFields } from "./header-fields.ts";
import { decodeTransfer, mailContent } from "./mail-content.ts";
import { type MimeLeaf, type MimeTree, mimeTree } from "./mime-tree.ts";

/** A recipient's delivery status, as reported by a server (RFC 3464 section 2.3.3). */
export interface BouncedRecipient {
  /** The original address, where the report still contains it. */
  readonly address: string;
  readonly action: "delivered" | "relayed" | "failed" | "delayed" | "expanded";
  /** Enhanced status code (RFC 3463), such as `5.1.1`. */
  readonly status: string;
  /** The last server's text, at most 300 characters; "" for none. */
  readonly detail: string;
}

/** A delivery report on a sent mail. */
export interface Bounce {
  /** Our own id of the mail, from any place that repeats it. Unproven: anybody can write a report. */
  readonly activityId?: string;
  /** Message-ID of the mail, with brackets. */
  readonly messageId?: string;
  readonly recipients: readonly BouncedRecipient[];
}

/** Bytes of a report that are read: the report precedes the returned mail. */
const MAX_REPORT_BYTES = 262_144;
const MAX_RECIPIENTS = 100;
const DELIVERY_STATUS = /^message\/(global-)?delivery-status$/;
const RETURNED = /^(message\/(rfc822|global)(-headers)?|text\/rfc822-headers)$/;

/**
 * Reads a delivery report. Message/delivery-status (RFC 3464) in any nesting, or the texts of servers that write none.
 * Undefined for other mail, for complaints (RFC 5965) and for forwarded reports. Takes a few ms at most, and never throws.
 */
export function readBounce(source: Buffer): Bounce | undefined {
  const raw = source.subarray(0, MAX_REPORT_BYTES);
  const head = splitFields(raw.toString("latin1", 0, headEnd(raw)));
  if (!looksLikeBounce(head) && !/delivery-status/i.test(raw.toString("latin1"))) return undefined;
  const tree = mimeTree(raw);
  const report = tree.leaves.find(({ type }) => DELIVERY_STATUS.test(type.value));
  if (!report && tree.leaves.some(({ type }) => type.value === "message/feedback-report")) return undefined;
  const text = textOf(tree);
  const blocks = report ? blocksOf(report) : [];
  const listed = blocks.slice(0, MAX_RECIPIENTS + 1).flatMap(recipientIn);
  const recipients = listed.length > 0 || report ? listed : plainBounce(tree.fields, text);
  if (recipients.length === 0) return undefined;
  return identified(recipients.slice(0, MAX_RECIPIENTS), tree, blocks[0], text);
}

function headEnd(raw: Buffer): number {
  const ends = [raw.indexOf("\r\n\r\n"), raw.indexOf("\n\n")].filter((at) => at >= 0);
  return ends.length === 0 ? raw.length : Math.min(...ends);
}

function identified(
  recipients: readonly BouncedRecipient[],
  tree: MimeTree,
  common: readonly RawField[] | undefined,
  text: string,
): Bounce {
  const returned = tree.leaves
    .filter(({ type }) => RETURNED.test(type.value))
    .map((leaf) => decodeTransfer(leaf.body, leaf.encoding).toString("latin1", 0, 65_536))
    .join("\n");
  const answered = ["in-reply-to", "references"].map((name) => fieldValue(tree.fields, name)).join(" ");
  const recipientFields = ["to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to"];
  const activityId = activityIdIn({
    recipients: recipientFields.map((name) => fieldValue(tree.fields, name)).join(" "),
    envelopeId: common ? fieldValue(common, "original-envelope-id") : "",
    returned,
    text,
    answered,
  });
  const messageId = messageIdIn(returned) ?? messageIdIn(text) ?? /<[^<>\s]{3,500}>/.exec(answered)?.[0];
  return {
    ...(activityId === undefined ? {} : { activityId }),
    ...(messageId === undefined ? {} : { messageId: cleanLine(messageId, 512) }),
    recipients,
  };
}

/** Returns the field groups of a report. The first describes the message, each other one a recipient. */
function blocksOf(report: MimeLeaf): ReadonlyArray<readonly RawField[]> {
  const body = decodeTransfer(report.body, report.encoding).toString("latin1").trim();
  return body.split(/\r?\n(?:[ \t]*\r?\n)+/).map((block) => splitFields(block));
}

/** Reads a group of fields; some servers put the recipient into the first group. */
function recipientIn(fields: readonly RawField[]): readonly BouncedRecipient[] {
  const address =
    addressIn(fieldValue(fields, "original-recipient")) ?? addressIn(fieldValue(fields, "final-recipient"));
  if (address === undefined) return [];
  const detail = cleanLine(utf8(fieldValue(fields, "diagnostic-code")).replace(/^[\w-]+\s*;/, ""), 300);
  const status = statusOf(fieldValue(fields, "status"), detail);
  const action = actionOf(fieldValue(fields, "action"), status);
  if (action === undefined) return [];
  return [{ address, action, status: status ?? DEFAULT_STATUS[action], detail }];
}

const DEFAULT_STATUS = {
  delivered: "2.0.0",
  relayed: "2.0.0",
  expanded: "2.0.0",
  delayed: "4.0.0",
  failed: "5.0.0",
} as const;

/** Returns the address in `rfc822; Bob <bob@example.com>`, with or without type and name; undefined for other types. */
function addressIn(value: string): string | undefined {
  const [, kind = "rfc822", written = ""] = /^(?:([\w-]{1,20})\s*;)?(.{3,600})$/.exec(value.trim()) ?? [];
  if (!/^(rfc822|utf-8|smtp)$/i.test(kind)) return undefined;
  const address = xtext(/<([^<>]{3,512})>/.exec(written)?.[1] ?? written.trim());
  return /^[^\s@<>"\p{C}]{1,64}@[^\s@<>"\p{C}]{1,253}$/u.test(address) ? address : undefined;
}

/** Decodes the `+3D` of xtext (RFC 3461 section 4). */
function xtext(value: string): string {
  const decoded = value.replace(/\+([0-9A-F]{2})/g, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return utf8(decoded);
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function textOf(tree: MimeTree): string {
  const { text, html } = mailContent(tree);
  return text ?? (html ?? "").replace(/<br\s*\/?>|<\/(?:p|div|tr|h\d)>/gi, "\n").replace(/<[^<>]{0,1000}>/g, " ");
}
