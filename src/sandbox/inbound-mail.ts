import type { ParsedMail } from "mailparser";
import type { SMTPServerEnvelope } from "smtp-server";
import type { InboundEvent } from "../platform/platform.ts";
import { inboundMail } from "../platforms/email/inbound/mail-parse.ts";
import type { Person } from "../platforms/email/schemas/inbound-mail.ts";

type Field = "to" | "cc" | "bcc";

/** Returns a caught mail as an inbound event, in the form of mailboxes' events. */
export function inboundMailEvent(key: string, parsed: ParsedMail, envelope: SMTPServerEnvelope): InboundEvent {
  const { actor, object, context, date } = inboundMail(parsed);
  const sender = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
  const named = new Map<string, Person & { readonly field: Field }>();
  for (const field of ["cc", "to"] as const) {
    for (const person of object[field] ?? []) named.set(person.address.toLowerCase(), { ...person, field });
  }
  return {
    key,
    event: {
      platform: "email",
      verb: "send",
      actor: parsed.from || sender === "" ? actor : { address: sender },
      target: envelope.rcptTo.map(({ address }) => named.get(address.toLowerCase()) ?? { address, field: "bcc" }),
      object: { ...object },
      ...(context === undefined ? {} : { context: { ...context } }),
      ...(object.id === undefined ? {} : { id: object.id }),
      published: date ?? new Date().toISOString(),
    },
  };
}
