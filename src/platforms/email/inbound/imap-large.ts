import type { ImapFlow } from "imapflow";
import { type DescribedPart, describedParts } from "../client/imap/parts.ts";
import type { InboundMail } from "../schemas/inbound-mail.ts";
import { fieldValue, type RawField, splitFields } from "./header-fields.ts";
import { isShownText } from "./mail-content.ts";
import { MAX_MAIL_BYTES, type MailReader } from "./mail-reader.ts";
import { leafOf, type MimeLeaf } from "./mime-tree.ts";

/** Bytes of a text, still encoded. A character that is shown takes nine bytes at most, in quoted-printable. */
const TEXT_BYTES = 640 * 1024;
/** Bytes of all texts of a type. */
const TEXTS_BYTES = 1024 * 1024;
/** Bytes of a part's head. */
const HEAD_BYTES = 8 * 1024;
/** Parts whose heads are asked for in one command. */
const HEADS_AT_ONCE = 100;
/** Bytes that are asked for in one command. */
const CHUNK_BYTES = 512 * 1024;

/** A mail too large to be read whole at once. */
interface LargeMail {
  readonly uid: number;
  /** The mail's beginning. */
  readonly source: Buffer;
  readonly size: number;
}

/** Error for a listed mail whose content is missing in the server's answer. */
export class MissingContent extends Error {
  constructor() {
    super("The server gave the mail without its content");
    this.name = "MissingContent";
  }
}

/**
 * Reads header and texts of a large mail; attachments are listed only. The server tells part numbers and sizes; the heads of the
 * parts are read here, so that names and types are those of smaller mails. A mail whose parts the server did not find, since
 * the boundary is missing or wrong, is read whole, a few at a time.
 */
export async function readLarge(
  imap: ImapFlow,
  mail: LargeMail,
  reader: MailReader,
  signal: AbortSignal,
): Promise<InboundMail> {
  const { uid, source, size } = mail;
  const message = await imap.fetchOne(String(uid), { uid: true, bodyStructure: true }, { uid: true });
  const { parts, isComplete } = describedParts(message ? message.bodyStructure : undefined);
  const head = source.subarray(0, headEnd(source));
  const leaves = await leavesOf(imap, uid, parts, splitFields(head.toString("latin1")));
  const described = parts.reduce((sum, { rawSize }) => sum + rawSize, 0);
  const hasEnd = head.length < source.length;
  const isMisread = !hasEnd || described * 2 < size - head.length || leaves.some(isMultipart);
  if (isMisread) return reader.whileInMemory(async () => reader.read(await wholeMail(imap, mail), signal), signal);
  const filled = await withTexts(imap, uid, leaves);
  return reader.read(head, signal, { leaves: filled, isComplete });
}

/** Fetches the heads of the parts. A mail of a single part has none but its own. */
async function leavesOf(
  imap: ImapFlow,
  uid: number,
  parts: readonly DescribedPart[],
  fields: readonly RawField[],
): Promise<readonly MimeLeaf[]> {
  const leaves: MimeLeaf[] = [];
  for (let at = 0; at < parts.length; at += HEADS_AT_ONCE) {
    const some = parts.slice(at, at + HEADS_AT_ONCE);
    const bodyParts = some
      .filter(({ isRoot }) => !isRoot)
      .map(({ part }) => ({ key: `${part}.mime`, start: 0, maxLength: HEAD_BYTES }));
    const message = bodyParts.length > 0 && (await imap.fetchOne(String(uid), { uid: true, bodyParts }, { uid: true }));
    for (const { part, isRoot, size, defaultType } of some) {
      const head = message ? message.bodyParts?.get(`${part}.mime`) : undefined;
      const own = isRoot ? fields : splitFields(head?.toString("latin1") ?? "");
      leaves.push({ ...leafOf(part, own, Buffer.alloc(0), defaultType), size });
    }
  }
  return leaves;
}

/** Tells whether a part is a multipart by its own head. The server found no parts in it. */
function isMultipart({ fields }: MimeLeaf): boolean {
  return /^\s*multipart\//i.test(fieldValue(fields, "content-type"));
}

/** Fetches the texts, still encoded. Texts beyond the room stay empty. */
async function withTexts(imap: ImapFlow, uid: number, leaves: readonly MimeLeaf[]): Promise<readonly MimeLeaf[]> {
  const room = { plain: TEXTS_BYTES, html: TEXTS_BYTES };
  const filled: MimeLeaf[] = [];
  for (const leaf of leaves) {
    const kind = leaf.type.value === "text/html" ? "html" : "plain";
    if (!isShownText(leaf)) filled.push(leaf);
    else if (room[kind] <= 0) filled.push({ ...leaf, size: 0 });
    else {
      const body = await bodyOf(imap, uid, leaf.part);
      room[kind] -= body.length;
      filled.push({ ...leaf, body, size: body.length });
    }
  }
  return filled;
}

async function bodyOf(imap: ImapFlow, uid: number, part: string): Promise<Buffer> {
  const bodyParts = [{ key: part, start: 0, maxLength: TEXT_BYTES }];
  const message = await imap.fetchOne(String(uid), { uid: true, bodyParts }, { uid: true });
  const body = message ? message.bodyParts?.get(part) : undefined;
  if (!body) throw new MissingContent();
  return body;
}

async function wholeMail(imap: ImapFlow, { uid, source, size }: LargeMail): Promise<Buffer> {
  const chunks = [source];
  const end = Math.min(size, MAX_MAIL_BYTES);
  for (let at = source.length; at < end; ) {
    const range = { start: at, maxLength: Math.min(CHUNK_BYTES, end - at) };
    const message = await imap.fetchOne(String(uid), { uid: true, source: range }, { uid: true });
    const chunk = message ? message.source : undefined;
    if (!chunk || chunk.length === 0) throw new MissingContent();
    chunks.push(chunk);
    at += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** Returns the end of the head, with the empty line behind it. */
function headEnd(source: Buffer): number {
  const ends = ["\r\n\r\n", "\n\n"].flatMap((gap) => {
    const at = source.indexOf(gap);
    return at < 0 ? [] : [at + gap.length];
  });
  return Math.min(source.length, ...ends);
}
