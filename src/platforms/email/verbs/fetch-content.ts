import { buffer } from "node:stream/consumers";
import type { ImapFlow } from "imapflow";
import { notFound } from "../client/imap/find-mails.ts";
import { downloadableParts } from "../client/imap/parts.ts";
import { splitUuencoded, uuencodedIn } from "../client/uuencode.ts";
import type { ListedAttachment } from "../schemas/inbound-mail.ts";

/** Bytes of attachments in a result; as base64 they take a third more. */
const CONTENT_BYTES = 128 * 1024;

/** Attachment with content; the size is left out where only an estimate is known. */
type FetchedAttachment = Partial<ListedAttachment> & { readonly content: string };

/** Contents of attachments. `email.next` has the offset to go on for each part that did not fit. */
interface Contents extends Readonly<Record<string, unknown>> {
  readonly attachments: readonly FetchedAttachment[];
}

/** Returns the content of attachments as base64. A larger one comes in pieces. */
export async function attachmentsOf(
  imap: ImapFlow,
  uid: number,
  parts: readonly string[],
  requestedOffset: number,
): Promise<Contents> {
  const message = await imap.fetchOne(String(uid), { uid: true, bodyStructure: true }, { uid: true });
  if (!message) throw notFound();
  const listed = downloadableParts(message.bodyStructure);
  const offset = parts.length === 1 ? requestedOffset : 0;
  const next: Record<string, number> = {};
  const attachments: FetchedAttachment[] = [];
  let room = CONTENT_BYTES;
  for (const part of new Set(parts)) {
    const described = listed.get(part);
    const inText = described?.isUuencoded ? { part, index: 0 } : uuencodedIn(part);
    const attachment = described?.attachment ?? (inText ? { part } : undefined);
    if (!attachment) throw notFound(NO_ATTACHMENT);
    const { content, hasMore } = inText
      ? await uuencodedPiece(imap, uid, inText, offset, room)
      : await downloadPiece(imap, uid, part, offset, room);
    room -= content.length;
    if (hasMore) next[part] = offset + content.length;
    const { size: _estimate, ...description }: Partial<ListedAttachment> = attachment;
    attachments.push({ ...description, content: content.toString("base64") });
  }
  return { attachments, ...position(offset, next) };
}

/** Returns a mail as it is (RFC 5322), in pieces, whatever the mail contains. */
export async function rawMail(imap: ImapFlow, uid: number, offset: number): Promise<Contents> {
  const source = { start: offset, maxLength: CONTENT_BYTES };
  const message = await imap.fetchOne(String(uid), { uid: true, size: true, source }, { uid: true });
  if (!message) throw notFound();
  const { source: content = Buffer.alloc(0), size = offset + content.length } = message;
  const end = offset + content.length;
  const attachment = { name: `${uid}.eml`, mediaType: "message/rfc822", size, content: content.toString("base64") };
  return { attachments: [attachment], ...position(offset, content.length > 0 && end < size ? { raw: end } : {}) };
}

function position(offset: number, next: Readonly<Record<string, number>>): Record<string, unknown> {
  return { offset, ...(Object.keys(next).length === 0 ? {} : { email: { next } }) };
}

const NO_ATTACHMENT = "The mail has no such attachment: its attachments[].part name those it has.";
/** Bytes of a text that may contain a uuencoded file. */
const UUENCODED_BYTES = 4 * 1024 * 1024;

/** Decodes up to `room` bytes of a file that stands in a text. */
async function uuencodedPiece(
  imap: ImapFlow,
  uid: number,
  { part, index }: { readonly part: string; readonly index: number },
  offset: number,
  room: number,
): Promise<{ readonly content: Buffer; readonly hasMore: boolean }> {
  const options = { uid: true, maxBytes: UUENCODED_BYTES, decodeText: false };
  const { content } = await imap.download(String(uid), part, options);
  if (!content) throw notFound();
  const file = splitUuencoded((await buffer(content)).toString("latin1")).files[index];
  if (!file) throw notFound(NO_ATTACHMENT);
  return { content: file.content.subarray(offset, offset + room), hasMore: file.content.length > offset + room };
}

/** Downloads up to `room` bytes of a part, starting at an offset. */
async function downloadPiece(
  imap: ImapFlow,
  uid: number,
  part: string,
  offset: number,
  room: number,
): Promise<{ readonly content: Buffer; readonly hasMore: boolean }> {
  const { content } = await imap.download(String(uid), part, { uid: true, decodeText: false });
  if (!content) throw notFound();
  const chunks: Buffer[] = [];
  let at = 0;
  // A byte beyond the room tells whether the part has more.
  const end = offset + room + 1;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    if (at + chunk.length > offset) chunks.push(chunk.subarray(Math.max(offset - at, 0), end - at));
    at += chunk.length;
    if (at >= end) break;
  }
  const piece = Buffer.concat(chunks);
  return { content: piece.subarray(0, room), hasMore: piece.length > room };
}
