import type { ImapFlow } from "imapflow";
import { optional } from "../../../model/optional.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { findUids, notFound, openFolder } from "../client/imap/find-mails.ts";
import { partsOfStructure } from "../client/imap/parts.ts";
import { noMailbox } from "../client/mailbox.ts";
import { readMail } from "../inbound/imap-read.ts";
import type { MailReader } from "../inbound/mail-reader.ts";
import type { FetchObject, FetchSchema, SearchSchema } from "../schemas/mailbox.ts";
import { page } from "./page.ts";

/** Bytes of attachments in a result; as base64 they take a third more. */
const CONTENT_BYTES = 128 * 1024;

/** Returns a page of a folder, a mail, or a mail's attachments. Changes nothing, and marks nothing as seen. */
export async function fetchMail(
  client: Client,
  activity: ActivityOf<typeof FetchSchema>,
  context: VerbContext,
  reader: MailReader,
): Promise<Receipt> {
  const { mailbox } = client;
  if (!mailbox) throw noMailbox();
  const { object: request = {} } = activity;
  const isSingle = request.uid !== undefined || request.id !== undefined;
  const object = await mailbox.use(context.signal, (imap) => {
    if (!isSingle) return page(imap, request);
    return request.attachments
      ? contents(imap, request, request.attachments)
      : wholeMail(imap, request, reader, context.signal);
  });
  return { outcomes: [], object };
}

/** Searches mails in a folder. */
export async function search(
  { mailbox }: Client,
  { object }: ActivityOf<typeof SearchSchema>,
  { signal }: VerbContext,
): Promise<Receipt> {
  if (!mailbox) throw noMailbox();
  return { outcomes: [], object: await mailbox.use(signal, (imap) => page(imap, object)) };
}

async function wholeMail(
  imap: ImapFlow,
  request: FetchObject,
  reader: MailReader,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const { folder, uidValidity } = await openFolder(imap, request, true);
  const uid = (await findUids(imap, request)).at(-1);
  const fetched = uid === undefined ? undefined : await readMail(imap, uid, reader, signal);
  if (!fetched) throw notFound();
  const { actor, object, context, date } = fetched.mail;
  return {
    ...object,
    from: actor,
    ...optional("thread", context?.id),
    ...optional("published", date),
    ...optional("received", fetched.received?.toISOString()),
    folder,
    uid,
    uidValidity,
    size: fetched.traits.size,
    seen: fetched.flags.includes("\\Seen"),
    flagged: fetched.flags.includes("\\Flagged"),
    answered: fetched.flags.includes("\\Answered"),
  };
}

/** Returns the content of attachments as base64. A larger one comes in pieces, each with the `next` offset. */
async function contents(
  imap: ImapFlow,
  request: FetchObject,
  parts: readonly string[],
): Promise<Record<string, unknown>> {
  const { folder, uidValidity } = await openFolder(imap, request, true);
  const uid = (await findUids(imap, request)).at(-1);
  const message =
    uid === undefined ? false : await imap.fetchOne(String(uid), { uid: true, bodyStructure: true }, { uid: true });
  if (uid === undefined || !message) throw notFound();
  const listed = new Map(
    partsOfStructure(message.bodyStructure).attachments.map((attachment) => [attachment.part, attachment]),
  );
  let room = CONTENT_BYTES;
  const attachments: Record<string, unknown>[] = [];
  for (const part of new Set(parts)) {
    const attachment = listed.get(part);
    if (!attachment) throw notFound("The mail has no such attachment: its attachments[].part name those it has.");
    const offset = parts.length === 1 ? (request.offset ?? 0) : 0;
    const { content, hasMore } = await downloadPiece(imap, uid, part, offset, room);
    room -= content.length;
    const { size: _estimate, ...description } = attachment;
    attachments.push({
      ...description,
      offset,
      content: content.toString("base64"),
      ...(hasMore ? { next: offset + content.length } : {}),
    });
  }
  return { type: "message", folder, uid, uidValidity, attachments };
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
