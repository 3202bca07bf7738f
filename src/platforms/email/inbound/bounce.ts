import { cleanLine } from "../schemas/event-bounds.ts";
import { activityIdIn, messageIdIn } from "./bounce-ids.ts";
import { looksLikeBounce, onlyRecipient, plainBounce, reasonsIn } from "./bounce-plain.ts";
import { actionOf, isReason, statusOf } from "./bounce-status.ts";
import { provesAddressGone } from "./gone-address.ts";
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
  /** True where the report proves that the address does not exist. */
  readonly isGone?: true;
}

/** A delivery report on a sent mail. */
export interface Bounce {
  /** Our own id of the mail, from any place that repeats it. Unproven: anybody can write a report. */
  readonly activityId?: string;
  /** Message-ID of the mail, with brackets. */
  readonly messageId?: string;
  readonly recipients: readonly BouncedRecipient[];
  /** Kind of a complaint (RFC 5965), such as `abuse`. The mail was delivered, and the recipient objects to it. */
  readonly complaint?: string;
  /** Recipient who complained, where the report still names them. */
  readonly complainant?: string;
}

/** Bytes of a report that are read: the report precedes the returned mail. */
export const MAX_REPORT_BYTES = 262_144;
const MAX_HEAD_BYTES = 65_536;
const MAX_RECIPIENTS = 100;
const DELIVERY_STATUS = /^message\/(global-)?delivery-status$/;
const RETURNED = /^(message\/(rfc822|global)(-headers)?|text\/rfc822-headers)$/;

/**
 * Reads a delivery report. Message/delivery-status (RFC 3464) in any nesting, or the texts of servers that write none.
 * Of a complaint (RFC 5965) only ids and kind are read. Undefined for other mail and for forwarded reports. Never throws; runs in the mail reader's thread.
 */
export function readBounce(source: Buffer): Bounce | undefined {
  const raw = source.subarray(0, MAX_REPORT_BYTES);
  const head = splitFields(raw.toString("latin1", 0, Math.min(headEnd(raw), MAX_HEAD_BYTES)));
  const isBounce = looksLikeBounce(head);
  if (!isBounce && !/delivery-status|feedback-report/i.test(raw.toString("latin1"))) return undefined;
  const tree = mimeTree(raw);
  const report = tree.leaves.find(({ type }) => DELIVERY_STATUS.test(type.value));
  const text = textOf(tree);
  const complaint = tree.leaves.find(({ type }) => type.value === "message/feedback-report");
  if (complaint && !report) return complaintIn(complaint, tree, text);
  const blocks = blocksOf(report ? bodyOf(report) : isBounce ? statusFieldsIn(text) : "");
  const reasonOf = reasonsIn(text);
  const listed = blocks.flatMap((fields) => recipientIn(fields, reasonOf));
  const returned = returnedIn(tree);
  const recipients = listed.length > 0 || !isBounce ? listed : recipientsInText(tree.fields, text, returned);
  if (recipients.length === 0) return undefined;
  return { ...idsIn(tree, returned, blocks[0], text), recipients: recipients.slice(0, MAX_RECIPIENTS) };
}

/** Reads a complaint of a recipient, which fails nothing. */
function complaintIn(part: MimeLeaf, tree: MimeTree, text: string): Bounce {
  const fields = splitFields(bodyOf(part));
  const [kind = "other"] = /^[\w-]{1,40}/.exec(fieldValue(fields, "feedback-type")) ?? [];
  const complainant = addressIn(fieldValue(fields, "original-rcpt-to"));
  return {
    ...idsIn(tree, returnedIn(tree), undefined, text),
    recipients: [],
    complaint: kind.toLowerCase(),
    ...(complainant === undefined ? {} : { complainant }),
  };
}

/** Returns the recipients by the text for people, else that of the returned mail. */
function recipientsInText(fields: readonly RawField[], text: string, returned: string): readonly BouncedRecipient[] {
  const named = plainBounce(fields, text);
  return named.length > 0 ? named : onlyRecipient(returned, text);
}

/** Returns a report's fields from the text, where some gateways leave them; "" for none. */
function statusFieldsIn(text: string): string {
  const at = /^(?:reporting-mta|final-recipient)[ \t]{0,9}:/im.exec(text)?.index;
  return at === undefined ? "" : text.slice(at);
}

function headEnd(raw: Buffer): number {
  const ends = [raw.indexOf("\r\n\r\n"), raw.indexOf("\n\n")].filter((at) => at >= 0);
  return ends.length === 0 ? raw.length : Math.min(...ends);
}

function bodyOf(leaf: MimeLeaf): string {
  return decodeTransfer(leaf.body, leaf.encoding).toString("latin1");
}

/** Returns the returned mail, or its head. */
function returnedIn({ leaves }: MimeTree): string {
  const parts = leaves.filter(({ type }) => RETURNED.test(type.value));
  return parts.map((leaf) => bodyOf(leaf).slice(0, 65_536)).join("\n");
}

function idsIn(
  tree: MimeTree,
  returned: string,
  common: readonly RawField[] | undefined,
  text: string,
): Omit<Bounce, "recipients"> {
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
  };
}

/** Returns the field groups of a report. The first describes the message, each other one a recipient. */
function blocksOf(report: string): ReadonlyArray<readonly RawField[]> {
  const blocks = report.trim().split(/\r?\n(?:[ \t]*\r?\n)+/, MAX_RECIPIENTS + 1);
  return blocks.map((block) => splitFields(block));
}

/** Reads a group of fields; some servers put the recipient into the first group. Without a diagnosis the text tells the reason. */
function recipientIn(fields: readonly RawField[], reasonOf: (address: string) => string): readonly BouncedRecipient[] {
  const address =
    addressIn(fieldValue(fields, "original-recipient")) ?? addressIn(fieldValue(fields, "final-recipient"));
  if (address === undefined) return [];
  const detail = cleanLine(utf8(fieldValue(fields, "diagnostic-code")).replace(/^[\w-]+\s*;/, ""), 300);
  const field = fieldValue(fields, "status");
  const written = statusOf(field, detail);
  const action = actionOf(fieldValue(fields, "action"), written);
  if (action === undefined) return [];
  const status = action === "failed" && !isReason(written) ? statusOf(written ?? "", reasonOf(address)) : written;
  const isGone = action === "failed" && provesAddressGone(field, detail);
  return [{ address, action, status: status ?? DEFAULT_STATUS[action], detail, ...(isGone ? { isGone } : {}) }];
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
