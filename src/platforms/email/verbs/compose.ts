import { buffer } from "node:stream/consumers";
import DKIM from "nodemailer/lib/dkim";
import MailComposer from "nodemailer/lib/mail-composer";
import type { Activity, Target } from "../../../model/activity.ts";
import type { Blob } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { domainOf, wireAddress } from "../schemas/address.ts";
import type { Mailbox, MessageObject } from "../schemas/message.ts";

/** What the account and the operator add to a message. */
export interface SenderDefaults {
  /** Domain of the Message-IDs; default the sender's. */
  readonly mailDomain?: string | undefined;
  readonly senderName?: string | undefined;
  readonly dkim?: Credentials["dkim"];
}

/** The Message-ID of an activity: made of our own id, so that it is the same at each attempt. */
export function messageIdOf(activity: Activity, mailDomain?: string): string {
  return `<${activity.id}@${mailDomain || domainOf(wireAddress(activity.actor.address) ?? "localhost")}>`;
}

/**
 * The whole message as bytes (RFC 5322, CRLF, 7 bit), signed if the account has a DKIM key. Its headers list all To and Cc
 * targets at every attempt, and never a Bcc. Addresses go to the composer as objects whose grammar was checked: it parses none.
 */
export async function compose(activity: Activity, blobs: readonly Blob[], head: SenderDefaults): Promise<Buffer> {
  const object = activity.object as MessageObject;
  const name = activity.actor.name ?? head.senderName;
  const mail = new MailComposer({
    from: mailbox({ ...activity.actor, ...(name === undefined ? {} : { name }) }),
    to: listed(activity.target, "to"),
    cc: listed(activity.target, "cc"),
    ...(object.replyTo === undefined ? {} : { replyTo: [object.replyTo].flat().map(mailbox) }),
    ...(object.subject === undefined ? {} : { subject: object.subject }),
    ...(object.body === undefined ? {} : { text: lines(object.body) }),
    ...(object.html === undefined ? {} : { html: lines(object.html) }),
    ...threading(object),
    ...(object.headers === undefined ? {} : { headers: object.headers }),
    messageId: messageIdOf(activity, head.mailDomain),
    date: new Date(),
    attachments: blobs.map((blob) => ({
      filename: blob.name,
      content: blob.content,
      contentType: leafType(blob.mediaType),
      contentDisposition: blob.id === undefined ? "attachment" : "inline",
      ...(blob.id === undefined ? {} : { cid: blob.id }),
    })),
    newline: "win",
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const bytes = await mail.compile().build();
  return head.dkim ? signed(bytes, head.dkim) : bytes;
}

function signed(bytes: Buffer, { domain, selector, privateKey }: NonNullable<Credentials["dkim"]>): Promise<Buffer> {
  return buffer(new DKIM({ domainName: domain, keySelector: selector, privateKey }).sign(bytes));
}

function mailbox({ address, name = "" }: Mailbox): { name: string; address: string } {
  const wire = wireAddress(address);
  if (wire === undefined) throw new TypeError("An address got past the check");
  return { name, address: wire };
}

function listed(targets: readonly Target[], field: "to" | "cc"): { name: string; address: string }[] {
  return targets.filter((target) => (target.field ?? "to") === field).map(mailbox);
}

function threading({ inReplyTo, references = [] }: MessageObject): { inReplyTo?: string; references?: string[] } {
  const chain = [...new Set([...references, ...(inReplyTo === undefined ? [] : [inReplyTo])].map(bracketed))];
  return {
    ...(inReplyTo === undefined ? {} : { inReplyTo: bracketed(inReplyTo) }),
    ...(chain.length === 0 ? {} : { references: chain }),
  };
}

function bracketed(id: string): string {
  return `<${id.replace(/^<|>$/g, "")}>`;
}

/** One kind of line end, so that each line of the app's arrives as one: encoders disagree about a bare CR. */
function lines(text: string): string {
  return text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;
}

/** Containers would need a structure of their own; as an attachment they are plain bytes. */
function leafType(mediaType = "application/octet-stream"): string {
  return /^(multipart|message)\//i.test(mediaType) ? "application/octet-stream" : mediaType;
}
