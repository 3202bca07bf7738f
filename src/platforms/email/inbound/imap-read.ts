import { buffer } from "node:stream/consumers";
import type { FetchMessageObject, ImapFlow } from "imapflow";
import { type MailParts, partsOfStructure } from "../client/imap/parts.ts";
import { cutBody, takeFitting } from "../schemas/event-bounds.ts";
import type { InboundMail } from "../schemas/inbound-mail.ts";
import type { MailTraits } from "./imap-cursor.ts";
import type { MailReader } from "./mail-reader.ts";

/** A mail read from a folder without being marked as seen. */
export interface FetchedMail {
  readonly mail: InboundMail;
  /** The mail's first `WHOLE_BYTES` bytes. */
  readonly source: Buffer;
  readonly traits: MailTraits;
  readonly parts: MailParts;
  readonly flags: readonly string[];
  readonly received: Date | undefined;
}

/** Mails up to this size are read whole. Larger mails are read in parts: header and texts. */
const WHOLE_BYTES = 256 * 1024;
/** Bytes of a large mail's text, and of the HTML, before decoding of characters. */
const TEXT_BYTES = 256 * 1024;

/** Reads a mail of the selected folder; undefined when the mail is gone. Attachments are listed, not fetched. */
export async function readMail(
  imap: ImapFlow,
  uid: number,
  reader: MailReader,
  signal: AbortSignal,
): Promise<FetchedMail | undefined> {
  const message = await imap.fetchOne(
    String(uid),
    {
      uid: true,
      size: true,
      flags: true,
      envelope: true,
      internalDate: true,
      bodyStructure: true,
      source: { start: 0, maxLength: WHOLE_BYTES },
    },
    { uid: true },
  );
  if (message === false || message.source === undefined) return undefined;
  const { source } = message;
  const size = message.size ?? source.length;
  const parts = partsOfStructure(message.bodyStructure);
  const mail =
    size <= WHOLE_BYTES ? await reader.read(source, signal) : await readLarge(imap, message, parts, reader, signal);
  return {
    mail,
    source,
    parts,
    traits: traitsOf(message, size),
    flags: [...(message.flags ?? [])].slice(0, 50),
    received: validDate(message.internalDate),
  };
}

async function readLarge(
  imap: ImapFlow,
  { uid, source = Buffer.alloc(0) }: FetchMessageObject,
  parts: MailParts,
  reader: MailReader,
  signal: AbortSignal,
): Promise<InboundMail> {
  const { object, ...head } = await reader.read(source.subarray(0, headEnd(source)), signal);
  const { body: _body, bodyTruncated: _truncated, attachments: _attachments, ...others } = object;
  const attachments = takeFitting(parts.attachments, (attachment) => attachment, { max: 100, bytes: 24_576 });
  return {
    ...head,
    object: {
      ...others,
      ...cutBody("body", await textOf(imap, uid, parts.text)),
      ...cutBody("html", await textOf(imap, uid, parts.html)),
      ...(attachments.length === 0 ? {} : { attachments }),
      ...(attachments.length < parts.attachments.length ? { attachmentsTruncated: true } : {}),
    },
  };
}

/** Downloads a text part and decodes the charset that the server names. */
async function textOf(imap: ImapFlow, uid: number, part: string | undefined): Promise<string | undefined> {
  if (part === undefined) return undefined;
  const { content } = await imap.download(String(uid), part, { uid: true, maxBytes: TEXT_BYTES });
  return content && (await buffer(content)).toString("utf8");
}

function headEnd(source: Buffer): number {
  const end = source.indexOf("\r\n\r\n");
  return end < 0 ? Math.min(source.length, 65_536) : end + 4;
}

function traitsOf({ envelope }: Pick<FetchMessageObject, "envelope">, size: number): MailTraits {
  return {
    messageId: envelope?.messageId,
    date: validDate(envelope?.date)?.toISOString(),
    subject: envelope?.subject,
    size,
  };
}

/** Converts a server's date; undefined for an invalid date. */
export function validDate(date: Date | string | undefined): Date | undefined {
  const parsed = date === undefined ? undefined : new Date(date);
  return parsed && !Number.isNaN(parsed.getTime()) && parsed.getTime() >= 0 ? parsed : undefined;
}
