import { cleanLine } from "../schemas/event-bounds.ts";
import { headerField, type MimePart, parsePart, parseParts } from "./bounce-mime.ts";
import { plainBounce } from "./bounce-plain.ts";

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
  /** Our own id of the mail, from the envelope id or from our Message-ID. Unproven: anybody can write a report. */
  readonly activityId?: string;
  /** Message-ID of the mail, with brackets. */
  readonly messageId?: string;
  readonly recipients: readonly BouncedRecipient[];
}

/** Bytes of a report that are read: the report precedes the returned mail. */
const MAX_REPORT_BYTES = 262_144;
const MAX_RECIPIENTS = 100;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const MESSAGE_ID = /^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,500}>)/im;
const DELIVERY_STATUS = /^message\/(global-)?delivery-status$/;

/**
 * Reads a delivery report: multipart/report (RFC 3464), or the plain reports of Exim and qmail. Undefined for other mail.
 * Takes a few ms at most whatever the bytes are, and never throws.
 */
export function readBounce(source: Buffer): Bounce | undefined {
  const mail = parsePart(source.subarray(0, MAX_REPORT_BYTES).toString("latin1"));
  const parts = reportParts(mail, 3);
  const report = parts?.find(({ type }) => DELIVERY_STATUS.test(type));
  if (!parts || !report) return identified(plainBounce(mail), undefined, mail.body);
  const [common = "", ...groups] = report.body.split(/\r?\n(?:[ \t]*\r?\n)+/);
  const recipients = groups.slice(0, MAX_RECIPIENTS).flatMap((group) => recipientsIn(group));
  const returned = parts.slice(parts.indexOf(report) + 1).map(({ body }) => body);
  return identified(recipients, xtext(headerField(common, "original-envelope-id")), returned.join("\n"));
}

/** Returns the parts of the report in a mail, undefined without a report. A forwarded report does not count. */
function reportParts(part: MimePart, depth: number): readonly MimePart[] | undefined {
  if (!part.type.startsWith("multipart/") || depth === 0) return undefined;
  const parts = parseParts(part);
  if (part.type === "multipart/report") return parts;
  for (const inner of parts) {
    const innerParts = reportParts(inner, depth - 1);
    if (innerParts) return innerParts;
  }
  return undefined;
}

function identified(
  recipients: readonly BouncedRecipient[],
  envelopeId: string | undefined,
  returned: string,
): Bounce | undefined {
  if (recipients.length === 0) return undefined;
  const messageId = MESSAGE_ID.exec(returned)?.[1];
  const ids = [envelopeId, messageId?.slice(1).split("@")[0]];
  const activityId = ids.find((id) => id !== undefined && ULID.test(id));
  return {
    ...(activityId === undefined ? {} : { activityId }),
    ...(messageId === undefined ? {} : { messageId: cleanLine(messageId, 512) }),
    recipients,
  };
}

function recipientsIn(group: string): readonly BouncedRecipient[] {
  const address =
    addressIn(headerField(group, "original-recipient")) ?? addressIn(headerField(group, "final-recipient"));
  const status = /^[245]\.\d{1,3}\.\d{1,3}(?![\d.])/.exec(headerField(group, "status"))?.[0];
  const action = actionOf(headerField(group, "action").toLowerCase(), status);
  if (address === undefined || action === undefined) return [];
  const detail = cleanLine(headerField(group, "diagnostic-code").replace(/^[\w-]+\s*;/, ""), 300);
  return [{ address, action, status: status ?? DEFAULT_STATUS[action], detail }];
}

const DEFAULT_STATUS = {
  delivered: "2.0.0",
  relayed: "2.0.0",
  expanded: "2.0.0",
  delayed: "4.0.0",
  failed: "5.0.0",
} as const;

function actionOf(written: string, status: string | undefined): BouncedRecipient["action"] | undefined {
  const [action] = /^[a-z]+/.exec(written) ?? [];
  if (action !== undefined && Object.hasOwn(DEFAULT_STATUS, action)) return action as BouncedRecipient["action"];
  return status?.startsWith("5") ? "failed" : undefined;
}

/** Returns the address in `rfc822; bob@example.com`; undefined for other types and invalid addresses. */
function addressIn(value: string): string | undefined {
  const [, kind = "", written = ""] = /^\s*([\w-]{1,20})\s*;\s*(\S{3,512})\s*$/.exec(value) ?? [];
  if (!/^(rfc822|utf-8)$/i.test(kind)) return undefined;
  const address = xtext(written).replace(/^<(.*)>$/, "$1");
  return /^[^\s@<>\p{C}]{1,64}@[^\s@<>\p{C}]{1,253}$/u.test(address) ? address : undefined;
}

/** Decodes the `+3D` of xtext (RFC 3461 section 4). */
function xtext(value: string): string {
  return value
    .trim()
    .replace(/\+([0-9A-F]{2})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
