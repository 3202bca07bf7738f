import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import type { ImapFlow } from "imapflow";
import { type MailParts, partsOfStructure, type TextPart } from "../client/imap/parts.ts";
import { takeFitting } from "../schemas/event-bounds.ts";
import type { InboundMail, MailContent } from "../schemas/inbound-mail.ts";
import type { MailTraits } from "./imap-cursor.ts";
import { decodeText, joinTexts, plainTexts } from "./mail-content.ts";
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
/** Bytes of a large mail's text, and of the HTML, before decoding of characters. */
const TEXT_BYTES = 256 * 1024;

/** Error for a listed mail whose content is missing in the server's answer. */
export class MissingContent extends Error {
  constructor() {
    super("The server gave the mail without its content");
    this.name = "MissingContent";
  }
}

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
    : readLarge(imap, uid, message.source, reader, signal));
  return {
    mail,
    source: message.source,
    traits: traitsOf(message.source, size, mail),
    flags: [...(message.flags ?? [])].slice(0, 50),
    received: validDate(message.internalDate),
  };
}

async function readLarge(
  imap: ImapFlow,
  uid: number,
  source: Buffer,
  reader: MailReader,
  signal: AbortSignal,
): Promise<InboundMail> {
  const message = await imap.fetchOne(String(uid), { uid: true, bodyStructure: true }, { uid: true });
  const parts = partsOfStructure(message ? message.bodyStructure : undefined);
  // A server finds no parts where the boundary is missing; the reader may.
  if (parts.texts.length + parts.htmls.length + parts.attachments.length === 0) return reader.read(source, signal);
  const content = await contentOf(imap, uid, parts);
  return reader.read(source.subarray(0, headEnd(source)), signal, content);
}

async function contentOf(imap: ImapFlow, uid: number, parts: MailParts): Promise<MailContent> {
  const texts = await textsOf(imap, uid, parts.texts, "text/plain");
  const plain = plainTexts(texts.map((text, index) => ({ part: parts.texts[index]?.part ?? "1", text })));
  const files = [...parts.attachments, ...plain.files];
  const attachments = takeFitting(files, (attachment) => attachment, { max: 100, bytes: 24_576 });
  return {
    text: joinTexts(plain.texts, "\n"),
    html: joinTexts(await textsOf(imap, uid, parts.htmls, "text/html"), "<br>\n"),
    attachments,
    hasMoreAttachments: parts.hasMoreAttachments || attachments.length < files.length,
  };
}

/** Downloads text parts up to a limit for all together. */
async function textsOf(
  imap: ImapFlow,
  uid: number,
  parts: readonly TextPart[],
  type: string,
): Promise<readonly string[]> {
  const texts: string[] = [];
  let room = TEXT_BYTES;
  for (const { part, charset } of parts) {
    if (room <= 0) break;
    const { content } = await imap.download(String(uid), part, { uid: true, maxBytes: room, decodeText: false });
    if (!content) throw new MissingContent();
    const bytes = await buffer(content);
    room -= bytes.length;
    texts.push(decodeText(bytes, type, charset));
  }
  return texts;
}

function headEnd(source: Buffer): number {
  const ends = [source.indexOf("\r\n\r\n"), source.indexOf("\n\n")].filter((at) => at >= 0);
  return ends.length === 0 ? source.length : Math.min(...ends) + 2;
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
