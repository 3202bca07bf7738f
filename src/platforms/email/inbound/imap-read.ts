import { createHash } from "node:crypto";
import type { ImapFlow } from "imapflow";
import type { InboundMail } from "../schemas/inbound-mail.ts";
import type { MailTraits } from "./imap-cursor.ts";
import { MissingContent, readLarge } from "./imap-large.ts";
import type { MailReader } from "./mail-reader.ts";

/** A mail read from a folder without being marked as seen. */
export interface FetchedMail {
  readonly mail: InboundMail;
  /** The mail's first `WHOLE_BYTES` bytes. */
  readonly source: Buffer;
  readonly traits: MailTraits;
  readonly flags: readonly string[];
  readonly received: Date | undefined;
}

/** Mails up to this size are read whole. Larger mails are read in parts: header and texts. */
const WHOLE_BYTES = 256 * 1024;

/**
 * Reads a mail of the selected folder; undefined when the mail is gone. Attachments are listed, not fetched. The server's own
 * description of a mail (ENVELOPE, BODYSTRUCTURE) is not asked for: a strange mail makes it larger than the mail itself.
 */
export async function readMail(
  imap: ImapFlow,
  uid: number,
  reader: MailReader,
  signal: AbortSignal,
): Promise<FetchedMail | undefined> {
  const fields = { uid: true, size: true, flags: true, internalDate: true };
  const source = { start: 0, maxLength: WHOLE_BYTES };
  const message = await imap.fetchOne(String(uid), { ...fields, source }, { uid: true });
  if (message === false) return undefined;
  if (message.source === undefined) throw new MissingContent();
  const { size = message.source.length } = message;
  const isWhole = size <= WHOLE_BYTES;
  const mail = await (isWhole
    ? reader.read(message.source, signal)
    : readLarge(imap, { uid, source: message.source, size }, reader, signal));
  return {
    mail,
    source: message.source,
    traits: traitsOf(message.source, size, mail),
    flags: [...(message.flags ?? [])].slice(0, 50),
    received: validDate(message.internalDate),
  };
}

function traitsOf(source: Buffer, size: number, { object }: InboundMail): MailTraits {
  const hash = createHash("sha256").update(`${size}\n`).update(source);
  return { messageId: object.id, hash: hash.digest("base64url"), size };
}

/** Converts a server's date; undefined for an invalid date. */
export function validDate(date: Date | string | undefined): Date | undefined {
  const parsed = date === undefined ? undefined : new Date(date);
  return parsed && !Number.isNaN(parsed.getTime()) && parsed.getTime() >= 0 ? parsed : undefined;
}
