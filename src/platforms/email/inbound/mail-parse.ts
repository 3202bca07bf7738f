import { type AddressObject, type EmailAddress, type ParsedMail, simpleParser } from "mailparser";
import { cleanLine, cutBody, takeFitting } from "../schemas/event-bounds.ts";
import type { InboundMail, InboundMessage, ListedAttachment, MailTask, Person } from "../schemas/inbound-mail.ts";

/** HTML longer than this is not converted to text. */
const MAX_CONVERTED_HTML = 262_144;
const MAX_PARTS = 200;
const HEADERS =
  /^(x-[a-z0-9-]{1,60}|list-(id|help|post|owner|archive|subscribe|unsubscribe|unsubscribe-post)|auto-submitted|feedback-id|importance|organization|precedence|priority|sensitivity|sender|return-path|delivered-to|authentication-results|content-language|disposition-notification-to)$/;

/** Parser options for all mail: no more than events carry. */
export const PARSING = {
  skipTextToHtml: true,
  maxHtmlLengthToParse: MAX_CONVERTED_HTML,
  keepCidLinks: true,
  keepDeliveryStatus: true,
  checksumAlgo: false,
  maxChildNodes: MAX_PARTS,
} as const;

/** Parses a raw mail on the calling thread. Rejects when the parser fails. */
export async function parseMail({ source, truncated }: MailTask): Promise<InboundMail> {
  const mail = await simpleParser(Buffer.from(source.buffer, source.byteOffset, source.byteLength), PARSING);
  return inboundMail(mail, truncated);
}

/** Converts a parsed mail for events: bounded in every member, without harmful control characters. */
export function inboundMail(mail: ParsedMail, truncated = false): InboundMail {
  const date = dateOf(mail);
  const object = messageOf(mail, truncated);
  const thread = object.references?.[0] ?? object.inReplyTo ?? object.id;
  return {
    actor: people(mail.from, 1)[0] ?? senderOf(mail) ?? { address: "<>" },
    object,
    ...(thread === undefined ? {} : { context: { type: "thread", id: thread } }),
    ...(date === undefined ? {} : { date: date.toISOString() }),
  };
}

/** Returns the mail's own date; for an unreadable date the parser would return today's. */
function dateOf({ date, headerLines }: ParsedMail): Date | undefined {
  const line = headerLines.find(({ key }) => key === "date")?.line ?? "";
  const written = Date.parse(line.slice(line.indexOf(":") + 1).replace(/\s+/g, " "));
  return Number.isNaN(written) || date === undefined || !(date.getTime() >= 0) ? undefined : date;
}

function messageOf(mail: ParsedMail, truncated: boolean): InboundMessage {
  const attachments = takeFitting(mail.attachments, attachmentOf, { max: 100, bytes: 24_576 });
  const references = referencesOf(mail.references);
  const headers = headersOf(mail);
  const firstId = (name: "id" | "inReplyTo", value: string | undefined) => {
    const [id] = value === undefined ? [] : idsIn(value);
    return id === undefined ? {} : { [name]: id };
  };
  return {
    type: "message",
    ...firstId("id", mail.messageId),
    ...(mail.subject === undefined ? {} : { subject: cleanLine(mail.subject, 998) }),
    ...cutBody("body", mail.text),
    ...cutBody("html", mail.html === false ? undefined : mail.html),
    ...unlessEmpty("to", people(mail.to)),
    ...unlessEmpty("cc", people(mail.cc)),
    ...unlessEmpty("replyTo", people(mail.replyTo, 20)),
    ...unlessEmpty("attachments", attachments),
    ...(attachments.length < mail.attachments.length ? { attachmentsTruncated: true as const } : {}),
    ...firstId("inReplyTo", mail.inReplyTo),
    ...unlessEmpty("references", references),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(truncated ? { truncated: true as const } : {}),
  };
}

function unlessEmpty<Name extends string, T>(
  name: Name,
  list: readonly T[],
): { readonly [key in Name]?: readonly T[] } {
  return list.length === 0 ? {} : ({ [name]: list } as { readonly [key in Name]: readonly T[] });
}

function attachmentOf({
  filename,
  contentType,
  size,
  cid,
  partId,
}: ParsedMail["attachments"][number]): ListedAttachment {
  return {
    ...(filename === undefined ? {} : { name: cleanLine(filename, 255) }),
    mediaType: cleanLine(contentType, 127).toLowerCase(),
    size,
    ...(cid === undefined || cid === "" ? {} : { id: cleanLine(cid, 250) }),
    part: partId ?? "1",
  };
}

/** Returns the people of an address field, including the members of groups. */
export function people(header: AddressObject | AddressObject[] | undefined, max = 100): readonly Person[] {
  const flat = (entry: EmailAddress): EmailAddress[] => (entry.group ? entry.group.flatMap(flat) : [entry]);
  const entries = [header ?? []]
    .flat()
    .flatMap(({ value }) => value.flatMap(flat))
    .filter(({ address }) => address !== undefined && address !== "");
  return takeFitting(entries, personOf, { max, bytes: 12_288 });
}

function personOf({ address = "", name }: EmailAddress): Person {
  const cleanName = cleanLine(name, 256);
  return { address: cleanLine(address, 320) || "<>", ...(cleanName === "" ? {} : { name: cleanName }) };
}

/** Returns the transmitting sender, for a mail without an author. */
function senderOf({ headers }: ParsedMail): Person | undefined {
  const field = headers.get("sender") ?? headers.get("return-path");
  const addresses = typeof field === "object" && "value" in field ? (field as AddressObject) : undefined;
  return Array.isArray(addresses?.value) ? people(addresses, 1)[0] : undefined;
}

/** Returns the oldest and the newest of a long chain. The first names the thread, the last ones are answered. */
function referencesOf(references: string | string[] | undefined): readonly string[] {
  const all = idsIn([references ?? []].flat().join(" "));
  const shown = all.length > 50 ? [...all.slice(0, 1), ...all.slice(-49)] : all;
  return takeFitting(shown, (id) => id, { max: 50, bytes: 8_192 });
}

function idsIn(text: string): readonly string[] {
  return text
    .split(/[\s,]+/)
    .map((id) => cleanLine(id, 1_000))
    .filter((id) => id.length > 2 && id.length <= 512);
}

function headersOf({ headers, headerLines }: ParsedMail): Readonly<Record<string, string>> {
  // The first field of each name counts: later ones were written by earlier servers, or by the sender.
  const firsts = new Map([...headerLines].reverse().map((header) => [header.key, header] as const));
  const shown = [...firsts.values()].reverse().filter(({ key }) => HEADERS.test(key));
  const pairs = takeFitting(
    shown,
    ({ key, line }): readonly [string, string] => {
      const parsed = headers.get(key);
      const value =
        typeof parsed === "string" ? parsed : line.slice(line.indexOf(":") + 1).replace(/\r?\n[ \t]+/g, " ");
      return [key, cleanLine(value, 998)];
    },
    { max: 40, bytes: 12_288 },
  );
  return Object.fromEntries(pairs);
}
