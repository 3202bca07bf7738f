import { cleanLine } from "../schemas/event-bounds.ts";
import type { BouncedRecipient } from "./bounce.ts";
import { statusInText } from "./bounce-status.ts";
import { decodeWords, fieldValue, type RawField, splitFields } from "./header-fields.ts";

const ADDRESS = /[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,251}[\p{L}\p{N}])/gu;
const MAX_RECIPIENTS = 100;
const MAX_TEXT_CHARS = 20_000;
const MAX_MENTIONS = 300;
const MAX_MENTIONS_OF_ONE = 10;
const MAX_REASON_CHARS = 1_000;
const MAILER =
  /^[^@]*(mailer-?daemon|post_?master|staff@hotmail\.com|mail[ -]?delivery|microsoftexchange|no-?reply-?bounce|bounce)/i;
const SUBJECT =
  /undeliver|delivery (status|failure|failed|report|notif)|failure notice|returned (mail|to sender)|mail (delivery )?(failed|failure)|could ?n.t be delivered|delivery has failed|non remis|unzustellbar|nicht zugestellt|no se (puede|pudo) entregar|no entregado|mancata consegna|impossibile recapitare|n.o entregue|onbestelbaar|niet afgeleverd|nie dostarczono|niedostarczon|olevererbar|kan ikke leveres|\u043d\u0435\s?\u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d|\u30a8\u30e9\u30fc\u901a\u77e5|\u914d\u4fe1\u4e0d\u80fd|\u9000\u4fe1/i;
/** Begin of the returned mail in a report's text. */
const COPY =
  /^[ \t>-]{0,60}(below this line is a copy|enclosed is a copy|this is a copy of|below is a copy|original (message|mail)|the header of the original|forwarded message|returned message|(undelivered|unsent) message|messages? headers? follow|received ?:|return-path:|message-id:)/im;
const FAILURE =
  /\b5\d\d\b|permanent|fatal|failed|failure|undeliver|could ?n.t|could not|unable|error|rejected|invalid|malformed|unknown|refused|cannot send|not be delivered|not delivered|did not reach/i;
const DELAY =
  /\b(delayed|still being retried|will (continue to )?(be )?retr(y|ied)|not yet been delivered|warning: message)\b/i;

/** Prefixes of answers and forwarded mails, which people write. */
const ANSWER = /^\s*(re|aw|antw|sv|fwd?|wg|tr)\s*:/i;

/** Tells whether a mail's head is that of a server's report. A person's answer to a report is none. */
export function looksLikeBounce(fields: readonly RawField[]): boolean {
  if (fields.some(({ name }) => name === "x-failed-recipients")) return true;
  const from = fieldValue(fields, "from").replace(/^.*</, "");
  const subject = decodeWords(fieldValue(fields, "subject").slice(0, 2_000));
  return MAILER.test(from) || (SUBJECT.test(subject) && !ANSWER.test(subject));
}

/**
 * Returns the recipients in a report without a machine-readable part. Exim lists them in the head; qmail, sendmail, OpenSMTPD,
 * Yahoo and others name each in the text, followed by the reason.
 */
export function plainBounce(fields: readonly RawField[], text: string): readonly BouncedRecipient[] {
  const report = withoutCopy(text);
  const mentions = mentionsIn(report);
  const isDelay = DELAY.test(`${fieldValue(fields, "subject")}\n${report}`);
  const inHead = [...new Set(addressesIn(fieldValue(fields, "x-failed-recipients")))];
  if (inHead.length === 0 && !isDelay && !FAILURE.test(report) && statusInText(report) === undefined) return [];
  const senders = new Set(addressesOf(fields, ["from", "reply-to", "sender", "return-path"]));
  const own = new Set(addressesOf(fields, ["to", "delivered-to"]));
  // Whoever reports is no recipient that failed.
  const named = [...new Set(mentions.map(({ address }) => address))].filter(
    (address) => !senders.has(address.toLowerCase()),
  );
  const strangers = named.filter((address) => !own.has(address.toLowerCase()));
  // The mail may have gone to an address of the own mailbox.
  const inText = strangers.length > 0 ? strangers : named.slice(0, 1);
  const addresses = (inHead.length > 0 ? inHead : inText).slice(0, MAX_RECIPIENTS);
  const isOnly = addresses.length === 1;
  return addresses.map((address) =>
    recipient(address, reasonOf(address, report, mentions) ?? (isOnly ? report : ""), isDelay && inHead.length === 0),
  );
}

/** Returns the part of a report's text that precedes the returned mail. */
function withoutCopy(text: string): string {
  const copyAt = COPY.exec(text.slice(0, MAX_TEXT_CHARS))?.index ?? MAX_TEXT_CHARS;
  return text.slice(0, Math.max(copyAt, 1));
}

/** Returns the returned mail's head in a report's text, "" for none. */
export function copyIn(text: string): string {
  const fields = /^(?:to|from|subject|date)[ \t]{0,9}:/im;
  const copy = text.slice(withoutCopy(text).length, MAX_TEXT_CHARS);
  return copy.slice(fields.exec(copy)?.index ?? copy.length);
}

/** Creates the search for a recipient's reason in a report's text. Without any the whole text counts. */
export function reasonsIn(text: string): (address: string) => string {
  const report = withoutCopy(text);
  const mentions = mentionsIn(report);
  const rest = mentions.length > MAX_MENTIONS_OF_ONE ? "" : report;
  const reasons = new Map<string, string>();
  return (address) => {
    const reason = reasons.get(address) ?? reasonOf(address, report, mentions) ?? rest;
    reasons.set(address, reason);
    return reason;
  };
}

/** Returns the returned mail's only recipient, for a report that names none. */
export function onlyRecipient(returned: string, report: string): readonly BouncedRecipient[] {
  const to = fieldValue(splitFields(returned.slice(0, 65_536)), "to");
  const [address, second] = [...to.matchAll(ADDRESS)].map(([match]) => match);
  const isFailure = FAILURE.test(report) || statusInText(report) !== undefined;
  if (address === undefined || second !== undefined || !isFailure) return [];
  return [recipient(address, report, DELAY.test(report))];
}

function addressesOf(fields: readonly RawField[], names: readonly string[]): readonly string[] {
  return names.flatMap((name) => addressesIn(fieldValue(fields, name)).map((address) => address.toLowerCase()));
}

function addressesIn(text: string): readonly string[] {
  return [...text.slice(0, MAX_TEXT_CHARS).matchAll(ADDRESS)].map(([address]) => address);
}

/** Place of an address in a report. */
interface Mention {
  readonly address: string;
  readonly start: number;
  readonly end: number;
}

function mentionsIn(report: string): readonly Mention[] {
  return [...report.matchAll(ADDRESS)].slice(0, MAX_MENTIONS).map(({ index, 0: written }) => {
    const address = written.replace(/\.$/, "");
    return { address, start: index, end: index + address.length };
  });
}

/** Returns the text behind an address, up to another address. Undefined where it has no reason. */
function reasonOf(address: string, report: string, mentions: readonly Mention[]): string | undefined {
  const reasons = mentions
    .filter((mention) => mention.address === address)
    .slice(0, MAX_MENTIONS_OF_ONE)
    .map(({ end }) => {
      const next = mentions.find((other) => other.start > end && other.address !== address);
      return report.slice(end, Math.min(next?.start ?? report.length, end + MAX_REASON_CHARS));
    });
  const reason = reasons.find((text) => statusInText(text) !== undefined);
  if (reason !== undefined) return reason;
  // The code may stand before the address: `550 5.1.1 <bob@example.com>... User unknown`.
  return report.split(/\r?\n/).find((line) => line.includes(address) && statusInText(line) !== undefined);
}

function recipient(address: string, reason: string, isDelay: boolean): BouncedRecipient {
  const status = statusInText(reason);
  const detail = cleanLine(reason.replace(/^[\s>:,."')-]+/, ""), 300);
  if (isDelay) return { address, action: "delayed", status: status?.startsWith("4") ? status : "4.0.0", detail };
  return { address, action: "failed", status: status ?? "5.0.0", detail };
}
