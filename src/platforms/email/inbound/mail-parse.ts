import { type AddressObject, type EmailAddress, type ParsedMail, simpleParser } from "mailparser";
import type { ArrivedMail, ArrivedMessage, ListedAttachment, MailTask, Person } from "./mail-schema.ts";
import { bounded, cleaned, shortened } from "./mail-text.ts";

/** HTML longer than this gets no text made of it. */
const CONVERTED_HTML = 262_144;
const MOST_PARTS = 200;
const HEADERS =
  /^(x-[a-z0-9-]{1,60}|list-(id|help|post|owner|archive|subscribe|unsubscribe|unsubscribe-post)|auto-submitted|feedback-id|importance|organization|precedence|priority|sensitivity|sender|return-path|delivered-to|authentication-results|content-language|disposition-notification-to)$/;

/** How mail is parsed everywhere: no more than what events carry. */
export const PARSING = {
  skipTextToHtml: true,
  maxHtmlLengthToParse: CONVERTED_HTML,
  keepCidLinks: true,
  keepDeliveryStatus: true,
  checksumAlgo: false,
  maxChildNodes: MOST_PARTS,
} as const;

/** Reads one raw mail on the thread it is called in. Rejects when the parser can't make anything of it. */
export async function parseMail({ source, truncated }: MailTask): Promise<ArrivedMail> {
  const mail = await simpleParser(Buffer.from(source.buffer, source.byteOffset, source.byteLength), PARSING);
  return arrivedMail(mail, truncated);
}

/** A parsed mail in the form that events carry: bounded in every part, without control characters where they do harm. */
export function arrivedMail(mail: ParsedMail, truncated = false): ArrivedMail {
  const date = dateOf(mail);
  const object = messageOf(mail, truncated);
  const thread = object.references?.[0] ?? object.inReplyTo ?? object.id;
  return {
    actor: people(mail.from, 1)[0] ?? sender(mail) ?? { address: "<>" },
    object,
    ...(thread === undefined ? {} : { context: { type: "thread", id: thread } }),
    ...(date === undefined ? {} : { date: date.toISOString() }),
  };
}

/** The date that is written there: for one that can't be read the parser takes today's. */
function dateOf({ date, headerLines }: ParsedMail): Date | undefined {
  const line = headerLines.find(({ key }) => key === "date")?.line ?? "";
  const written = Date.parse(line.slice(line.indexOf(":") + 1).replace(/\s+/g, " "));
  return Number.isNaN(written) || date === undefined || !(date.getTime() >= 0) ? undefined : date;
}

function messageOf(mail: ParsedMail, truncated: boolean): ArrivedMessage {
  const listed = bounded(mail.attachments, attachmentOf, { most: 100, bytes: 24_576 });
  const references = referencesOf(mail.references);
  const headers = headersOf(mail);
  const one = (name: "id" | "inReplyTo", id: string | undefined) => {
    const [found] = id === undefined ? [] : idsIn(id);
    return found === undefined ? {} : { [name]: found };
  };
  return {
    type: "message",
    ...one("id", mail.messageId),
    ...(mail.subject === undefined ? {} : { subject: cleaned(mail.subject, 998) }),
    ...shortened("body", mail.text),
    ...shortened("html", mail.html === false ? undefined : mail.html),
    ...some("to", people(mail.to)),
    ...some("cc", people(mail.cc)),
    ...some("replyTo", people(mail.replyTo, 20)),
    ...some("attachments", listed),
    ...(listed.length < mail.attachments.length ? { attachmentsTruncated: true as const } : {}),
    ...one("inReplyTo", mail.inReplyTo),
    ...some("references", references),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(truncated ? { truncated: true as const } : {}),
  };
}

function some<Name extends string, T>(name: Name, list: readonly T[]): { readonly [key in Name]?: readonly T[] } {
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
    ...(filename === undefined ? {} : { name: cleaned(filename, 255) }),
    mediaType: cleaned(contentType, 127).toLowerCase(),
    size,
    ...(cid === undefined || cid === "" ? {} : { id: cleaned(cid, 250) }),
    part: partId ?? "1",
  };
}

/** The people of an address field, those of groups as well. */
export function people(header: AddressObject | AddressObject[] | undefined, most = 100): readonly Person[] {
  const flat = (entry: EmailAddress): EmailAddress[] => (entry.group ? entry.group.flatMap(flat) : [entry]);
  const entries = [header ?? []]
    .flat()
    .flatMap(({ value }) => value.flatMap(flat))
    .filter(({ address }) => address !== undefined && address !== "");
  return bounded(entries, personOf, { most, bytes: 12_288 });
}

function personOf({ address = "", name }: EmailAddress): Person {
  const called = cleaned(name, 256);
  return { address: cleaned(address, 320) || "<>", ...(called === "" ? {} : { name: called }) };
}

/** Who passed it on, where nobody says to have written it. */
function sender({ headers }: ParsedMail): Person | undefined {
  const field = headers.get("sender") ?? headers.get("return-path");
  const found = typeof field === "object" && "value" in field ? (field as AddressObject) : undefined;
  return Array.isArray(found?.value) ? people(found, 1)[0] : undefined;
}

/** The oldest and the newest of a long chain: the first names the thread, the last ones are what is answered. */
function referencesOf(references: string | string[] | undefined): readonly string[] {
  const all = idsIn([references ?? []].flat().join(" "));
  const kept = all.length > 50 ? [...all.slice(0, 1), ...all.slice(-49)] : all;
  return bounded(kept, (id) => id, { most: 50, bytes: 8_192 });
}

function idsIn(text: string): readonly string[] {
  return text
    .split(/[\s,]+/)
    .map((word) => cleaned(word, 1_000))
    .filter((word) => word.length > 2 && word.length <= 512);
}

function headersOf({ headers, headerLines }: ParsedMail): Readonly<Record<string, string>> {
  // The first of each name: those that follow were there before it, written by whoever had the mail earlier.
  const firsts = new Map([...headerLines].reverse().map((header) => [header.key, header] as const));
  const wanted = [...firsts.values()].reverse().filter(({ key }) => HEADERS.test(key));
  const pairs = bounded(
    wanted,
    ({ key, line }): readonly [string, string] => {
      const read = headers.get(key);
      const value = typeof read === "string" ? read : line.slice(line.indexOf(":") + 1).replace(/\r?\n[ \t]+/g, " ");
      return [key, cleaned(value, 998)];
    },
    { most: 40, bytes: 12_288 },
  );
  return Object.fromEntries(pairs);
}
