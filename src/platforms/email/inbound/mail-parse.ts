import { type AddressObject, type EmailAddress, type ParsedMail, simpleParser } from "mailparser";
import { cleanLine, cutBody, mediaTypeOf, takeFitting } from "../schemas/event-bounds.ts";
import type { InboundMail, InboundMessage, ListedAttachment, MailContent, Person } from "../schemas/inbound-mail.ts";
import { fieldValue, type RawField } from "./header-fields.ts";
import { dateOf, referencesOf, singleId } from "./header-values.ts";
import { mailContent } from "./mail-content.ts";
import { readableHead } from "./mail-head.ts";
import type { MailParts, MailTask } from "./mail-task.ts";
import { mimeTree } from "./mime-tree.ts";

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

/**
 * Parses a raw mail on the calling thread. The MIME tree is read here, since mailparser gives up on mails with many parts
 * and decodes fewer charsets; mailparser reads the fields of the head, and converts HTML to text.
 */
export async function parseMail({ source, truncated, parts }: MailTask): Promise<InboundMail> {
  const tree = mimeTree(Buffer.from(source.buffer, source.byteOffset, source.byteLength));
  const content = mailContent(parts ? withBuffers(parts) : tree);
  const html = content.text === undefined ? content.html : undefined;
  const mail = await simpleParser(readableHead(tree, html?.slice(0, MAX_CONVERTED_HTML)), PARSING);
  const text = content.text ?? (html === undefined ? undefined : mail.text);
  return convert(mail, { ...content, text }, truncated, tree.fields);
}

/** Restores the buffers that became plain bytes on the way to the thread. */
function withBuffers({ leaves, isComplete }: MailParts): MailParts {
  return { leaves: leaves.map((leaf) => ({ ...leaf, body: Buffer.from(leaf.body) })), isComplete };
}

/** Converts a mail that mailparser read as a whole. */
export function inboundMail(mail: ParsedMail): InboundMail {
  const attachments = takeFitting(mail.attachments, attachmentOf, { max: 100, bytes: 24_576 });
  const content = {
    text: mail.text,
    html: mail.html === false ? undefined : mail.html,
    attachments,
    hasMoreAttachments: attachments.length < mail.attachments.length,
  };
  const fields = mail.headerLines.map(({ key, line }) => ({ name: key, lines: line }));
  return convert(mail, content, false, fields);
}

/** Converts a parsed mail for events: bounded in every member, without harmful control characters. */
function convert(mail: ParsedMail, content: MailContent, truncated: boolean, fields: readonly RawField[]): InboundMail {
  const date = dateOf(fieldValue(fields, "date"));
  const object = messageOf(mail, content, truncated, fields);
  const thread = object.references?.[0] ?? object.inReplyTo ?? object.id;
  return {
    actor: authorOf(mail, fieldValue(fields, "from")) ?? senderOf(mail) ?? { address: "<>" },
    object,
    ...(thread === undefined ? {} : { context: { type: "thread", id: thread } }),
    ...(date === undefined ? {} : { date: date.toISOString() }),
  };
}

function messageOf(
  mail: ParsedMail,
  { text, html, attachments, hasMoreAttachments }: MailContent,
  truncated: boolean,
  fields: readonly RawField[],
): InboundMessage {
  const headers = headersOf(mail);
  return {
    type: "message",
    ...singleId("id", fieldValue(fields, "message-id")),
    ...(mail.subject === undefined ? {} : { subject: cleanLine(mail.subject, 998) }),
    ...cutBody("body", text),
    ...cutBody("html", html),
    ...unlessEmpty("to", people(mail.to)),
    ...unlessEmpty("cc", people(mail.cc)),
    ...unlessEmpty("replyTo", people(mail.replyTo, 20)),
    ...unlessEmpty("attachments", attachments),
    ...(hasMoreAttachments ? { attachmentsTruncated: true as const } : {}),
    ...singleId("inReplyTo", fieldValue(fields, "in-reply-to")),
    ...unlessEmpty("references", referencesOf(fieldValue(fields, "references"))),
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
    mediaType: mediaTypeOf(contentType, undefined),
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
    .map(withLocalAddress)
    .filter(({ address }) => address !== undefined && address !== "");
  return takeFitting(entries, personOf, { max, bytes: 12_288 });
}

/** Takes a single word for an address of the server's own domain, such as `MAILER-DAEMON`. */
function withLocalAddress(entry: EmailAddress): EmailAddress {
  const isLocal = !entry.address && /^[^\s@<>"(),:;\\]{1,64}$/.test(entry.name);
  return isLocal ? { address: entry.name, name: "" } : entry;
}

function personOf({ address = "", name }: EmailAddress): Person {
  const cleanName = cleanLine(name, 256);
  return { address: cleanLine(address, 320) || "<>", ...(cleanName === "" ? {} : { name: cleanName }) };
}

/** Returns the author. An empty address, as in `MAILER-DAEMON <>`, keeps its name. */
function authorOf({ from }: ParsedMail, written: string): Person | undefined {
  const [first] = from?.value ?? [];
  const name = first && !first.address && /<\s{0,99}>/.test(written) ? cleanLine(first.name, 256) : "";
  return name === "" ? people(from, 1)[0] : { address: "<>", name };
}

/** Returns the transmitting sender, for a mail without an author. */
function senderOf({ headers }: ParsedMail): Person | undefined {
  const field = headers.get("sender") ?? headers.get("return-path");
  const addresses = typeof field === "object" && "value" in field ? (field as AddressObject) : undefined;
  return Array.isArray(addresses?.value) ? people(addresses, 1)[0] : undefined;
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
