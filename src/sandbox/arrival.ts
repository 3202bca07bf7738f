import type { AddressObject, EmailAddress, ParsedMail } from "mailparser";
import type { SMTPServerEnvelope } from "smtp-server";
import type { Arrival } from "../platform.ts";

/** Characters of text and of HTML that go into an event. */
const MOST_TEXT = 65_536;

type Field = "to" | "cc" | "bcc";
interface Person {
  readonly address: string;
  readonly name?: string;
}

/** A caught mail as the inbound activity that its app gets; attachments are listed without their content. */
export function arrivalOf(key: string, mail: ParsedMail, envelope: SMTPServerEnvelope): Arrival {
  const sender = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
  const from = people(mail.from)[0] ?? { address: sender };
  const named = new Map<string, Person & { readonly field: Field }>();
  for (const field of ["cc", "to"] as const) {
    for (const person of people(mail[field])) named.set(person.address.toLowerCase(), { ...person, field });
  }
  const attachments = mail.attachments.map(({ filename, contentType, size, cid }) => ({
    ...(filename === undefined ? {} : { name: filename }),
    mediaType: contentType,
    size,
    ...(cid === undefined ? {} : { id: cid }),
  }));
  return {
    key,
    event: {
      platform: "email",
      verb: "send",
      actor: from,
      target: envelope.rcptTo.map(({ address }) => named.get(address.toLowerCase()) ?? { address, field: "bcc" }),
      object: {
        type: "message",
        ...(mail.messageId === undefined ? {} : { id: mail.messageId }),
        ...(mail.subject === undefined ? {} : { subject: mail.subject }),
        ...text("body", mail.text),
        ...text("html", mail.html === false ? undefined : mail.html),
        ...(attachments.length === 0 ? {} : { attachments }),
        ...(mail.inReplyTo === undefined ? {} : { inReplyTo: mail.inReplyTo }),
      },
      ...(mail.messageId === undefined ? {} : { id: mail.messageId }),
      published: (mail.date ?? new Date()).toISOString(),
    },
  };
}

function people(header: AddressObject | AddressObject[] | undefined): Person[] {
  const flat = (entry: EmailAddress): EmailAddress[] => (entry.group ? entry.group.flatMap(flat) : [entry]);
  return [header ?? []]
    .flat()
    .flatMap(({ value }) => value.flatMap(flat))
    .filter(({ address }) => address !== undefined && address !== "")
    .map(({ address = "", name }) => ({ address, ...(name === "" ? {} : { name }) }));
}

function text(name: "body" | "html", content: string | undefined): Readonly<Record<string, unknown>> {
  if (content === undefined) return {};
  const lines = content.replaceAll("\r\n", "\n").replace(/\n$/, "");
  return lines.length <= MOST_TEXT
    ? { [name]: lines }
    : { [name]: lines.slice(0, MOST_TEXT), [`${name}Truncated`]: true };
}
