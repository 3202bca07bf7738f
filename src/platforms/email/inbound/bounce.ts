import { field, type Part, partOf, partsOf } from "./bounce-parts.ts";
import { plainBounce } from "./bounce-plain.ts";
import { cleaned } from "./mail-text.ts";

/** What a server says became of one recipient (RFC 3464 section 2.3.3). */
export interface Bounced {
  /** The address as it was sent to, where the report still knows it. */
  readonly address: string;
  readonly action: "delivered" | "relayed" | "failed" | "delayed" | "expanded";
  /** Enhanced status code (RFC 3463), such as `5.1.1`. */
  readonly status: string;
  /** The last server's words, at most 300 characters; "" when it said none. */
  readonly detail: string;
}

/** What a delivery report says of a mail that was sent. */
export interface Bounce {
  /** Our own id of the mail, from the envelope's id or from the Message-ID that we gave it. Anybody can write one here. */
  readonly activityId?: string;
  /** Message-ID of the mail, with its brackets. */
  readonly messageId?: string;
  readonly recipients: readonly Bounced[];
}

/** Bytes of a report that are looked at: what it says stands before the mail that it gives back. */
const LOOKED_AT = 262_144;
const MOST_RECIPIENTS = 100;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const MESSAGE_ID = /^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,500}>)/im;
const DELIVERY_STATUS = /^message\/(global-)?delivery-status$/;

/**
 * Reads a delivery report: multipart/report (RFC 3464), or the plain ones of Exim and qmail. Undefined for any other mail.
 * It takes a few ms at most whatever the bytes are, and never throws.
 */
export function readBounce(source: Buffer): Bounce | undefined {
  const mail = partOf(source.subarray(0, LOOKED_AT).toString("latin1"));
  const parts = reportParts(mail, 3);
  const told = parts?.find(({ type }) => DELIVERY_STATUS.test(type));
  if (!parts || !told) return identified(plainBounce(mail), undefined, mail.body);
  const [common = "", ...groups] = told.body.split(/\r?\n(?:[ \t]*\r?\n)+/);
  const recipients = groups.slice(0, MOST_RECIPIENTS).flatMap((group) => bounced(group));
  const returned = parts.slice(parts.indexOf(told) + 1).map(({ body }) => body);
  return identified(recipients, xtext(field(common, "original-envelope-id")), returned.join("\n"));
}

/** The parts of the report in a mail; undefined where it holds none. A forwarded report is none of ours. */
function reportParts(part: Part, depth: number): readonly Part[] | undefined {
  if (!part.type.startsWith("multipart/") || depth === 0) return undefined;
  const parts = partsOf(part);
  if (part.type === "multipart/report") return parts;
  for (const inner of parts) {
    const found = reportParts(inner, depth - 1);
    if (found) return found;
  }
  return undefined;
}

function identified(
  recipients: readonly Bounced[],
  envelopeId: string | undefined,
  returned: string,
): Bounce | undefined {
  if (recipients.length === 0) return undefined;
  const messageId = MESSAGE_ID.exec(returned)?.[1];
  const ids = [envelopeId, messageId?.slice(1).split("@")[0]];
  const activityId = ids.find((id) => id !== undefined && ULID.test(id));
  return {
    ...(activityId === undefined ? {} : { activityId }),
    ...(messageId === undefined ? {} : { messageId: cleaned(messageId, 512) }),
    recipients,
  };
}

function bounced(group: string): readonly Bounced[] {
  const address = addressIn(field(group, "original-recipient")) ?? addressIn(field(group, "final-recipient"));
  const given = /^[245]\.\d{1,3}\.\d{1,3}(?![\d.])/.exec(field(group, "status"))?.[0];
  const action = actionOf(field(group, "action").toLowerCase(), given);
  if (address === undefined || action === undefined) return [];
  const detail = cleaned(field(group, "diagnostic-code").replace(/^[\w-]+\s*;/, ""), 300);
  return [{ address, action, status: given ?? USUAL[action], detail }];
}

const USUAL = { delivered: "2.0.0", relayed: "2.0.0", expanded: "2.0.0", delayed: "4.0.0", failed: "5.0.0" } as const;

function actionOf(word: string, status: string | undefined): Bounced["action"] | undefined {
  const [action] = /^[a-z]+/.exec(word) ?? [];
  if (action !== undefined && Object.hasOwn(USUAL, action)) return action as Bounced["action"];
  return status?.startsWith("5") ? "failed" : undefined;
}

/** The address in `rfc822; bob@example.com`; undefined for other kinds and for what is no address. */
function addressIn(value: string): string | undefined {
  const [, kind = "", written = ""] = /^\s*([\w-]{1,20})\s*;\s*(\S{3,512})\s*$/.exec(value) ?? [];
  if (!/^(rfc822|utf-8)$/i.test(kind)) return undefined;
  const address = xtext(written).replace(/^<(.*)>$/, "$1");
  return /^[^\s@<>\p{C}]{1,64}@[^\s@<>\p{C}]{1,253}$/u.test(address) ? address : undefined;
}

/** Undoes the `+3D` of RFC 3461 section 4. */
function xtext(value: string): string {
  return value
    .trim()
    .replace(/\+([0-9A-F]{2})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
