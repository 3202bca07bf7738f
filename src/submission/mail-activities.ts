import { createHash } from "node:crypto";
import type { ParsedMail } from "mailparser";
import type { DsnRequest } from "../model/dsn-request.ts";
import { type DsnTerms, dsnRequest } from "./dsn-terms.ts";
import { type MailPerson, mailObject, peopleIn } from "./mail-content.ts";
import { type NetworkAddress, networkAddress } from "./recipients.ts";
import { SmtpRefusal } from "./smtp-refusal.ts";

/** Envelope of a submitted mail (RFC 5321). */
export interface MailEnvelope {
  /** Empty for a mail that wants no reports. */
  readonly from: string;
  readonly to: readonly string[];
  readonly dsn: DsnTerms;
}

export interface MailSource {
  readonly mail: ParsedMail;
  readonly envelope: MailEnvelope;
  /** Domain of the networks' addresses. */
  readonly domain: string;
  /** The app's only account on a network; undefined where it has none or several. */
  readonly accountOn: (platform: string) => Promise<string | undefined>;
}

/** An activity as an app would have posted it. `other` is the rid where another mail of the same Message-ID has the first. */
export interface MailActivity {
  readonly activity: Readonly<Record<string, unknown>>;
  readonly other?: string;
  /** Undefined where the sender wants no notification. */
  readonly dsn: DsnRequest | undefined;
}

const RID = /^[A-Za-z0-9._:@~-]{1,100}$/;

/**
 * Turns a mail into activities. All ordinary addresses share an activity; each address on a network has its own.
 * The rid is the Message-ID, so that a mail that is submitted again is sent once. Throws `SmtpRefusal`.
 */
export async function mailActivities(source: MailSource): Promise<readonly MailActivity[]> {
  const { mail, envelope, domain } = source;
  const onNetworks = envelope.to.flatMap((mailbox) => networkAddress(mailbox, domain) ?? []);
  const ordinary = envelope.to.filter((mailbox) => networkAddress(mailbox, domain) === undefined);
  const rid = ridOf(mail);
  const messages = await Promise.all(onNetworks.map((target) => messageTo(source, target, rid)));
  if (ordinary.length === 0) return messages;
  return [{ ...mailTo(source, ordinary, rid) }, ...messages];
}

function mailTo(source: MailSource, ordinary: readonly string[], rid: string | undefined): MailActivity {
  const { mail, envelope } = source;
  const [sender] = peopleIn(mail.from);
  if (sender === undefined && envelope.from === "") throw new SmtpRefusal(550, "5.6.0 The mail needs a From");
  const named = new Map<string, MailPerson & { readonly field: "to" | "cc" }>();
  for (const field of ["cc", "to"] as const)
    for (const person of peopleIn(mail[field])) named.set(person.address.toLowerCase(), { ...person, field });
  // Envelope recipients of a mail without To and Cc are blind copies.
  const unnamed = named.size === 0 ? {} : { field: "bcc" };
  const target = ordinary.map((address) => named.get(address.toLowerCase()) ?? { address, ...unnamed });
  const activity = {
    platform: "email",
    verb: "send",
    actor: sender ?? { address: envelope.from },
    target,
    object: mailObject(mail),
  };
  const dsn = dsnRequest(
    source,
    ordinary.map((mailbox, at) => ({ mailbox, address: target[at]?.address ?? mailbox })),
  );
  if (rid === undefined) return { activity, dsn };
  // Mailers hand one mail in several times, each for some recipients.
  return { activity: { rid, ...activity }, other: `${rid}~${digest(JSON.stringify(activity))}`, dsn };
}

/** Makes the activity for an address on a network. Its text begins with the subject, since most networks have none. */
async function messageTo(
  source: MailSource,
  { platform, address, mailbox }: NetworkAddress,
  rid: string | undefined,
): Promise<MailActivity> {
  const { mail, domain } = source;
  const [sender] = peopleIn(mail.from);
  const named = sender === undefined ? undefined : networkAddress(sender.address, domain);
  const actor = named?.platform === platform ? named.address : await source.accountOn(platform);
  if (actor === undefined)
    throw new SmtpRefusal(550, `5.1.8 Which of the app's accounts writes? Say so: From: address@${platform}.${domain}`);
  const body = [mail.subject, mail.text?.trim()].filter((part) => part !== undefined && part !== "").join("\n\n");
  const activity = { platform, verb: "send", actor: { address: actor }, target: [{ address }], object: { body } };
  const dsn = dsnRequest(source, [{ mailbox, address }]);
  if (rid === undefined) return { activity, dsn };
  return { activity: { rid: `${rid}~${digest(`${platform} ${address}`)}`, ...activity }, dsn };
}

/** Returns the Message-ID where it can be an rid, else a digest of it. Undefined for mails without one, which are all different. */
function ridOf({ messageId }: ParsedMail): string | undefined {
  const id = messageId?.replace(/^<|>$/g, "");
  if (id === undefined || id === "") return undefined;
  return RID.test(id) && id !== "." && id !== ".." ? id : `mid:${digest(id)}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
