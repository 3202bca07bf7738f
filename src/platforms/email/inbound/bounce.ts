import { cleanLine } from "../schemas/event-bounds.ts";
import { activityIdIn, type IdSources, returnedIdIn } from "./bounce-ids.ts";
import { copyIn, looksLikeBounce, onlyRecipient, plainBounce, reasonsIn } from "./bounce-plain.ts";
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
 * Of a complaint (RFC 5965) only ids, kind and recipient are read. Undefined for other mail and for forwarded reports.
 * Never throws; runs in the mail reader's thread.
 */
export function readBounce(source: Buffer): Bounce | undefined {
  const bytes = source.subarray(0, MAX_REPORT_BYTES);
  const end = headEnd(bytes);
  const head = splitFields(bytes.toString("latin1", 0, Math.min(end, MAX_HEAD_BYTES)));
  const isBounce = looksLikeBounce(head);
  const raw = bytes.toString("latin1", end);
  if (!isBounce && !/delivery-status|feedback-report/i.test(`${fieldValue(head, "content-type")}${raw}`))
    return undefined;
  const tree = mimeTree(bytes);
  const texts = { tree, raw, text: textOf(tree), returned: returnedIn(tree) };
  const { text, returned } = texts;
  const report = tree.leaves.find(({ type }) => DELIVERY_STATUS.test(type.value));
  const complaint = complaintIn(tree);
  if (complaint && !report) return { ...idsIn(texts, undefined), recipients: [], ...complaint };
  const blocks = blocksOf(report ? bodyOf(report) : isBounce ? statusFieldsIn(text) : "");
  const reasonOf = reasonsIn(text);
  const listed = blocks.flatMap((fields) => recipientIn(fields, reasonOf));
  const recipients = listed.length > 0 || !isBounce ? listed : recipientsInText(tree.fields, text, returned);
  if (recipients.length === 0) return undefined;
  return { ...idsIn(texts, blocks[0]), recipients: recipients.slice(0, MAX_RECIPIENTS) };
}

/** A report's parts, and what they say. */
interface ReportTexts extends Pick<IdSources, "raw" | "text" | "returned"> {
  readonly tree: MimeTree;
}

/** Reads a recipient's complaint, which fails nothing. Outlook.com writes complaints without fields. */
function complaintIn({ fields, leaves }: MimeTree): Pick<Bounce, "complaint" | "complainant"> | undefined {
  const part = leaves.find(({ type }) => type.value === "message/feedback-report");
  const isOutlook =
    /staff@hotmail\.com/i.test(fieldValue(fields, "from")) &&
    /complaint about message/i.test(fieldValue(fields, "subject"));
  if (!part) return isOutlook ? { complaint: "abuse" } : undefined;
  const written = splitFields(bodyOf(part));
  const [kind = "other"] = /^[\w-]{1,40}/.exec(fieldValue(written, "feedback-type")) ?? [];
  const complainant = addressIn(fieldValue(written, "original-rcpt-to"));
  return { complaint: kind.toLowerCase(), ...(complainant === undefined ? {} : { complainant }) };
}

/** Returns the recipients by the text for people, else that of the returned mail. */
function recipientsInText(fields: readonly RawField[], text: string, returned: string): readonly BouncedRecipient[] {
  const named = plainBounce(fields, text);
  return named.length > 0 ? named : onlyRecipient(returned || copyIn(text), text);
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
  { tree, returned, text, raw }: ReportTexts,
  common: readonly RawField[] | undefined,
): Omit<Bounce, "recipients"> {
  const answered = ["in-reply-to", "references"].map((name) => fieldValue(tree.fields, name)).join(" ");
  const recipientFields = ["to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to"];
  const sources: IdSources = {
    recipients: recipientFields.map((name) => fieldValue(tree.fields, name)).join(" "),
    envelopeId: common ? fieldValue(common, "original-envelope-id") : "",
    returned,
    text,
    raw,
    answered,
  };
  const activityId = activityIdIn(sources);
  const messageId = returnedIdIn(sources);
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
