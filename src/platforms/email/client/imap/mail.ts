import { buffer } from "node:stream/consumers";
import type { FetchMessageObject, ImapFlow } from "imapflow";
import type { Traits } from "../../inbound/imap-cursor.ts";
import type { MailReader } from "../../inbound/mail.ts";
import type { ArrivedMail } from "../../inbound/mail-schema.ts";
import { bounded, shortened } from "../../inbound/mail-text.ts";
import { type Parts, partsOf } from "./parts.ts";

/** A mail that was read from its folder without marking it as seen. */
export interface ReadMail {
  readonly mail: ArrivedMail;
  /** Its bytes, or the first of them where there are more than `WHOLE_BYTES`. */
  readonly source: Buffer;
  readonly traits: Traits;
  readonly parts: Parts;
  readonly flags: readonly string[];
  readonly received: Date | undefined;
}

/** Mails up to this are read whole; of larger ones the header and what they say. */
const WHOLE_BYTES = 256 * 1024;
/** Bytes of a large mail's text, and of its HTML, before decoding of characters. */
const TEXT_BYTES = 256 * 1024;

/** Reads one mail of the selected folder; undefined when it is gone. Its attachments are listed, not fetched. */
export async function readMail(
  imap: ImapFlow,
  uid: number,
  reader: MailReader,
  signal: AbortSignal,
): Promise<ReadMail | undefined> {
  const found = await imap.fetchOne(
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
  if (found === false || found.source === undefined) return undefined;
  const { source } = found;
  const size = found.size ?? source.length;
  const parts = partsOf(found.bodyStructure);
  const mail =
    size <= WHOLE_BYTES ? await reader.read(source, signal) : await large(imap, found, parts, reader, signal);
  return {
    mail,
    source,
    parts,
    traits: traitsOf(found, size),
    flags: [...(found.flags ?? [])].slice(0, 50),
    received: dateOf(found.internalDate),
  };
}

async function large(
  imap: ImapFlow,
  { uid, source = Buffer.alloc(0) }: FetchMessageObject,
  parts: Parts,
  reader: MailReader,
  signal: AbortSignal,
): Promise<ArrivedMail> {
  const { object, ...head } = await reader.read(source.subarray(0, headEnd(source)), signal);
  const { body: _none, bodyTruncated: _no, attachments: _nor, ...rest } = object;
  const attachments = bounded(parts.attachments, (one) => one, { most: 100, bytes: 24_576 });
  return {
    ...head,
    object: {
      ...rest,
      ...shortened("body", await textOf(imap, uid, parts.text)),
      ...shortened("html", await textOf(imap, uid, parts.html)),
      ...(attachments.length === 0 ? {} : { attachments }),
      ...(attachments.length < parts.attachments.length ? { attachmentsTruncated: true } : {}),
    },
  };
}

/** A text part in Unicode; its server says which charset it is in. */
async function textOf(imap: ImapFlow, uid: number, part: string | undefined): Promise<string | undefined> {
  if (part === undefined) return undefined;
  const { content } = await imap.download(String(uid), part, { uid: true, maxBytes: TEXT_BYTES });
  return content && (await buffer(content)).toString("utf8");
}

function headEnd(source: Buffer): number {
  const end = source.indexOf("\r\n\r\n");
  return end < 0 ? Math.min(source.length, 65_536) : end + 4;
}

function traitsOf({ envelope }: Pick<FetchMessageObject, "envelope">, size: number): Traits {
  return {
    messageId: envelope?.messageId,
    date: dateOf(envelope?.date)?.toISOString(),
    subject: envelope?.subject,
    size,
  };
}

/** A date as servers give it; undefined for one that is none. */
export function dateOf(date: Date | string | undefined): Date | undefined {
  const read = date === undefined ? undefined : new Date(date);
  return read && !Number.isNaN(read.getTime()) && read.getTime() >= 0 ? read : undefined;
}
