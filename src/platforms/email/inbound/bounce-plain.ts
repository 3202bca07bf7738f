import { cleanLine } from "../schemas/event-bounds.ts";
import type { BouncedRecipient } from "./bounce.ts";
import { statusInText } from "./bounce-status.ts";
import { fieldValue, type RawField } from "./header-fields.ts";

const ADDRESS = /[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,251}[\p{L}\p{N}])/gu;
const MAX_RECIPIENTS = 100;
const MAX_TEXT_CHARS = 20_000;
const MAILER = /^[^@]*(mailer-?daemon|postmaster|mail[ -]?delivery|microsoftexchange|no-?reply-?bounce|bounce)/i;
const SUBJECT =
  /undeliver|delivery (status|failure|failed|report|notif)|failure notice|returned (mail|to sender)|mail (delivery )?failed|non remis|unzustellbar|could ?n.t be delivered|delivery has failed/i;
/** Begin of the returned mail in a report's text. */
const COPY =
  /^[ \t>-]{0,60}(below this line is a copy|enclosed is a copy|this is a copy of|below is a copy|original message|original mail|forwarded message|message header follow|received ?:|return-path:|message-id:)/im;
const FAILURE =
  /\b5\d\d\b|\b5\.\d{1,3}\.\d{1,3}\b|permanent|fatal|failed|failure|undeliver|could ?n.t|could not|unable|error|rejected|not be delivered/i;
const DELAY =
  /\b(delayed|still being retried|will (continue to )?(be )?retr(y|ied)|not yet been delivered|warning: message)\b/i;

/** Tells whether a mail's head is that of a server's report. */
export function looksLikeBounce(fields: readonly RawField[]): boolean {
  if (fields.some(({ name }) => name === "x-failed-recipients")) return true;
  const from = fieldValue(fields, "from").replace(/^.*</, "");
  return MAILER.test(from) || SUBJECT.test(fieldValue(fields, "subject"));
}

/**
 * Returns the recipients in a report without a machine-readable part. Exim lists them in the head; qmail, sendmail, OpenSMTPD,
 * Yahoo and others name each in the text, followed by the reason.
 */
export function plainBounce(fields: readonly RawField[], text: string): readonly BouncedRecipient[] {
  const copyAt = COPY.exec(text.slice(0, MAX_TEXT_CHARS))?.index ?? MAX_TEXT_CHARS;
  // sendmail puts its transcript between the addresses and the copy.
  const report = text.slice(0, Math.max(copyAt, 1));
  const isDelay = DELAY.test(`${fieldValue(fields, "subject")}\n${report}`);
  const exim = fieldValue(fields, "x-failed-recipients");
  const inHead = [...exim.matchAll(ADDRESS)].map(([address]) => address);
  if (inHead.length > 0)
    return inHead.slice(0, MAX_RECIPIENTS).map((address) => recipient(address, reasonOf(address, report), false));
  if (!FAILURE.test(report) && !isDelay) return [];
  const own = new Set([...ownAddresses(fields)]);
  const named = [...report.matchAll(ADDRESS)].map(([address]) => address.replace(/\.$/, ""));
  const addresses = [...new Set(named)].filter((address) => !own.has(address.toLowerCase()));
  return addresses.slice(0, MAX_RECIPIENTS).map((address) => recipient(address, reasonOf(address, report), isDelay));
}

/** Addresses of the report itself: its sender, and our own mailbox. */
function ownAddresses(fields: readonly RawField[]): readonly string[] {
  return ["from", "to", "reply-to", "delivered-to", "return-path"].flatMap((name) =>
    [...fieldValue(fields, name).matchAll(ADDRESS)].map(([address]) => address.toLowerCase()),
  );
}

/** Returns the text between an address and the next address. */
function reasonOf(address: string, report: string): string {
  const mentions = report.split(address).slice(1);
  if (mentions.length === 0) return "";
  const withCode = mentions.find((text) => statusInText(untilNextAddress(text)) !== undefined) ?? mentions[0] ?? "";
  const reason = untilNextAddress(withCode);
  if (statusInText(reason) !== undefined) return reason;
  // The code may stand before the address: `550 5.1.1 <bob@example.com>... User unknown`.
  const line = report.split(/\r?\n/).find((text) => text.includes(address) && /\b[45]\d\d\b/.test(text));
  return line ?? (reason.trim() === "" ? report : reason);
}

function untilNextAddress(text: string): string {
  const [, next] = [...text.slice(0, 2_000).matchAll(ADDRESS)];
  return text.slice(0, next?.index ?? 600);
}

function recipient(address: string, reason: string, isDelay: boolean): BouncedRecipient {
  const status = statusInText(reason);
  const detail = cleanLine(reason.replace(/^[\s>:,."')-]+/, ""), 300);
  if (isDelay) return { address, action: "delayed", status: status?.startsWith("4") ? status : "4.0.0", detail };
  return { address, action: "failed", status: status ?? "5.0.0", detail };
}
