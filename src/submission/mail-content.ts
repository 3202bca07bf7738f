import type { AddressObject, Attachment, EmailAddress, ParsedMail } from "mailparser";

/** A person as activities name one. */
export interface MailPerson {
  readonly address: string;
  readonly name?: string;
}

const HEADER =
  /^(x-[a-z0-9-]{1,60}|list-(id|help|post|owner|archive|subscribe|unsubscribe|unsubscribe-post)|auto-submitted|importance|organization|precedence|priority|sensitivity)$/;
const MAX_HEADERS = 20;
const MAX_LINE = 998;
const MAX_NAME = 256;
const MAX_REPLY_TO = 20;
const MESSAGE_ID = /^<?[^<>\s\p{C}]{1,510}>?$/u;
const CONTENT_ID = /^[A-Za-z0-9._@-]{1,128}$/;
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;

/** Returns the object of a mail's activity. The e-mail platform's schema validates it. */
export function mailObject(mail: ParsedMail): Record<string, unknown> {
  const attachments = mail.attachments.map(attachmentOf);
  const html = typeof mail.html === "string" ? withNamedImages(mail.html, mail.attachments) : undefined;
  const replyTo = peopleIn(mail.replyTo).slice(0, MAX_REPLY_TO);
  const references = [mail.references ?? []].flat().filter((id) => MESSAGE_ID.test(id));
  const headers = headersOf(mail);
  return {
    ...(mail.subject === undefined ? {} : { subject: clean(mail.subject, MAX_LINE) }),
    ...(mail.text === undefined && (html !== undefined || attachments.length > 0) ? {} : { body: mail.text ?? "" }),
    ...(html === undefined ? {} : { html }),
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(mail.inReplyTo !== undefined && MESSAGE_ID.test(mail.inReplyTo) ? { inReplyTo: mail.inReplyTo } : {}),
    ...(references.length === 0 ? {} : { references: references.slice(-100) }),
    ...(replyTo.length === 0 ? {} : { replyTo }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
}

/** The people of an address field, groups taken apart. */
export function peopleIn(field: AddressObject | AddressObject[] | undefined): readonly MailPerson[] {
  const members = (entry: EmailAddress): readonly EmailAddress[] => entry.group ?? [entry];
  return [field ?? []]
    .flat()
    .flatMap(({ value }) => value.flatMap(members))
    .flatMap(({ address, name }) => {
      if (address === undefined || address === "") return [];
      const shown = clean(name, MAX_NAME);
      return [{ address, ...(shown === "" ? {} : { name: shown }) }];
    });
}

function clean(text: string, length: number): string {
  return text.replaceAll(CONTROLS, " ").trim().slice(0, length);
}

/** Content-IDs may hold more than an attachment's id; the HTML names it the same way. */
function idOf({ cid }: Attachment, at: number): string | undefined {
  if (cid === undefined || cid === "") return undefined;
  return CONTENT_ID.test(cid) ? cid : `part-${at + 1}`;
}

function attachmentOf(attachment: Attachment, at: number): Record<string, unknown> {
  const id = idOf(attachment, at);
  const named = clean((attachment.filename ?? "").replaceAll(/[/\\]/g, "_"), 255);
  const type = attachment.headers.get("content-type") as { readonly params?: { readonly method?: string } } | undefined;
  const method = type?.params?.method;
  const isInvitation = attachment.contentType === "text/calendar" && /^[A-Za-z-]{1,20}$/.test(method ?? "");
  return {
    name: named === "" ? `attachment-${at + 1}` : named,
    mediaType: isInvitation ? `text/calendar; method=${method}` : attachment.contentType,
    content: attachment.content.toString("base64"),
    ...(id === undefined ? {} : { id }),
  };
}

function withNamedImages(html: string, attachments: readonly Attachment[]): string {
  return attachments.reduce((text, attachment, at) => {
    const id = idOf(attachment, at);
    if (id === undefined || id === attachment.cid) return text;
    return text.replaceAll(`cid:${attachment.cid}`, `cid:${id}`);
  }, html);
}

function headersOf({ headerLines }: ParsedMail): Record<string, string> {
  const fields = headerLines.filter(({ key }) => HEADER.test(key));
  const named = new Map<string, string>();
  for (const { key, line } of fields) {
    const name = key.replaceAll(/(^|-)([a-z])/g, (part) => part.toUpperCase());
    if (named.size < MAX_HEADERS && !named.has(name))
      named.set(name, clean(line.slice(line.indexOf(":") + 1), MAX_LINE));
  }
  return Object.fromEntries(named);
}
