import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import type { Activity, Target } from "../../../model/activity.ts";
import { optional } from "../../../model/optional.ts";
import { fromMarkdown, toHtml, toPlain } from "../../../platform/kit/rich-text/rich-text.ts";
import type { ActivityOf, Blob } from "../../../platform/platform.ts";
import type { SenderDefaults } from "../client/client.ts";
import type { Credentials } from "../credentials.ts";
import { ID_FIELD } from "../inbound/bounce-ids.ts";
import { domainOf, wireAddress } from "../schemas/address.ts";
import type { Mailbox, MessageObject, SendSchema } from "../schemas/message.ts";
import { isDeliveryReport, REPORT_TYPE, reportPart } from "./delivery-report.ts";

/** Returns an activity's Message-ID. Made of our own id, so that each attempt has the same. */
export function messageIdOf({ id, actor }: Pick<Activity, "id" | "actor">, mailDomain?: string): string {
  return `<${id}@${mailDomain || domainOf(wireAddress(actor.address) ?? "localhost")}>`;
}

/**
 * Composes the whole message (RFC 5322, CRLF, 7 bit). Returns it in pieces, since copying 20 MB into one would block the
 * event loop. Signs when the account has a DKIM key. The headers list all To and Cc targets at every attempt, and never a
 * Bcc. The composer gets checked addresses as objects, and parses none.
 */
export async function compose(
  activity: Omit<ActivityOf<typeof SendSchema>, "rid">,
  blobs: readonly Blob[],
  defaults: SenderDefaults,
): Promise<readonly Buffer[]> {
  const { object, actor, target } = activity;
  const name = actor.name ?? defaults.senderName;
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
  const mail = new MailComposer({
    from: mailbox({ ...actor, ...optional("name", name) }),
    to: recipients(target, "to"),
    cc: recipients(target, "cc"),
    ...optional("replyTo", object.replyTo && [object.replyTo].flat().map(mailbox)),
    ...optional("subject", object.subject),
    ...textParts(object),
    ...threading(object),
    headers: { ...object.headers, [ID_FIELD]: activity.id },
    messageId: messageIdOf(activity, defaults.mailDomain),
    date: new Date(),
    attachments: isDeliveryReport(object, blobs) ? blobs.map(reportPart) : blobs.map(attachmentPart),
    newline: "win",
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const root = mail.compile();
  if (isDeliveryReport(object, blobs)) root.setHeader("Content-Type", REPORT_TYPE);
  const pieces: Buffer[] = [];
  for await (const piece of root.createReadStream()) pieces.push(Buffer.from(piece));
  return defaults.dkim ? [await signatureOf(pieces, defaults.dkim), ...pieces] : pieces;
}

function attachmentPart(blob: Blob) {
  return {
    filename: blob.name,
    content: paced([blob.content]),
    contentType: leafType(blob.mediaType),
    contentDisposition: blob.id === undefined ? ("attachment" as const) : ("inline" as const),
    ...optional("cid", blob.id),
  };
}

/** Fields that a signature covers. Those of RFC 6376 section 5.4.1, and both of RFC 8058 section 4. */
const SIGNED_FIELDS =
  "From:Sender:Reply-To:Subject:Date:Message-ID:To:Cc:MIME-Version:Content-Type:Content-Transfer-Encoding:" +
  "In-Reply-To:References:List-Id:List-Help:List-Unsubscribe:List-Unsubscribe-Post:List-Subscribe:List-Post:" +
  "List-Owner:List-Archive";

/** Returns the field that signs a message. Of the signer's output no more is read, since the message is there already. */
async function signatureOf(
  message: readonly Buffer[],
  { domain, selector, privateKey }: NonNullable<Credentials["dkim"]>,
): Promise<Buffer> {
  const options = { domainName: domain, keySelector: selector, privateKey, headerFieldNames: SIGNED_FIELDS };
  const { default: DKIM } = await import("nodemailer/lib/dkim");
  const signed = new DKIM(options).sign(paced(message));
  for await (const field of signed) {
    if (Buffer.isBuffer(field) && field.toString("latin1", 0, 15) === "DKIM-Signature:") return field;
    break;
  }
  throw new Error("The signer made no DKIM-Signature");
}

const PIECE_BYTES = 57 * 1_024;

/** Returns bytes as a stream of pieces with pauses. Encoding and hashing 20 MB at once would block the event loop. */
function paced(buffers: readonly Buffer[]): Readable {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (const bytes of buffers) {
      for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
        yield bytes.subarray(from, from + PIECE_BYTES);
        await setImmediate();
      }
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}

function mailbox({ address, name = "" }: Mailbox): { name: string; address: string } {
  const wire = wireAddress(address);
  if (wire === undefined) throw new TypeError("An address got past the check");
  return { name, address: wire };
}

function recipients(targets: readonly Target[], field: "to" | "cc"): { name: string; address: string }[] {
  return targets.filter((target) => (target.field ?? "to") === field).map(mailbox);
}

/** Returns the texts of the mail. Markdown fills what the app did not write itself. */
function textParts({ body, html, markdown }: MessageObject): { readonly text?: string; readonly html?: string } {
  const document = markdown === undefined ? undefined : fromMarkdown(markdown);
  const text = body ?? (document && toPlain(document));
  const rich = html ?? (document && toHtml(document));
  return {
    ...optional("text", text === undefined ? undefined : withUniformLineEnds(text)),
    ...optional("html", rich === undefined ? undefined : withUniformLineEnds(rich)),
  };
}

function threading({ inReplyTo, references = [] }: MessageObject): { inReplyTo?: string; references?: string[] } {
  const chain = [...new Set([...references, ...(inReplyTo === undefined ? [] : [inReplyTo])].map(bracketed))];
  return {
    ...optional("inReplyTo", inReplyTo && bracketed(inReplyTo)),
    ...optional("references", chain.length === 0 ? undefined : chain),
  };
}

function bracketed(id: string): string {
  return `<${id.replace(/^<|>$/g, "")}>`;
}

/** Converts all line ends to LF: encoders disagree about a bare CR. */
function withUniformLineEnds(text: string): string {
  return text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;
}

/** Returns a type for a part without children; containers are attached as plain bytes. */
function leafType(mediaType = "application/octet-stream"): string {
  return /^(multipart|message)\//i.test(mediaType) ? "application/octet-stream" : mediaType;
}
