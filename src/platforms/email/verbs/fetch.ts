import type { ImapFlow } from "imapflow";
import type { Activity } from "../../../model/activity.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { notFound, openFolder, findUids } from "../client/imap/find-mails.ts";
import { readMail } from "../inbound/imap-read.ts";
import { partsOfStructure } from "../client/imap/parts.ts";
import { noMailbox } from "../client/mailbox.ts";
import type { MailReader } from "../inbound/mail-reader.ts";
import type { ListedAttachment } from "../schemas/inbound-mail.ts";
import type { FetchObject, SearchObject } from "../schemas/mailbox.ts";
import { page } from "./page.ts";

/** Bytes of attachments in one result; as base64 they take a third more. */
const CONTENT_BYTES = 128 * 1024;

/** Gives a page of a folder, one mail, or what is in one mail's attachments. Changes nothing, not even what was seen. */
export async function fetchMail(
  client: Client,
  activity: Activity,
  context: VerbContext,
  reader: MailReader,
): Promise<Receipt> {
  const { mailbox } = client;
  if (!mailbox) throw noMailbox();
  const wanted = (activity.object ?? {}) as FetchObject;
  const one = wanted.uid !== undefined || wanted.id !== undefined;
  const object = await mailbox.use(context.signal, (imap) => {
    if (!one) return page(imap, wanted);
    return wanted.attachments ? contents(imap, wanted, wanted.attachments) : mail(imap, wanted, reader, context.signal);
  });
  return { outcomes: [], object };
}

/** Looks for mails in a folder. */
export async function search({ mailbox }: Client, { object }: Activity, { signal }: VerbContext): Promise<Receipt> {
  if (!mailbox) throw noMailbox();
  return { outcomes: [], object: await mailbox.use(signal, (imap) => page(imap, object as SearchObject)) };
}

async function mail(
  imap: ImapFlow,
  wanted: FetchObject,
  reader: MailReader,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const { folder, uidValidity } = await openFolder(imap, wanted, true);
  const uid = (await findUids(imap, wanted)).at(-1);
  const read = uid === undefined ? undefined : await readMail(imap, uid, reader, signal);
  if (!read) throw notFound();
  const { actor, object, context, date } = read.mail;
  return {
    ...object,
    from: actor,
    ...(context ? { thread: context.id } : {}),
    ...(date === undefined ? {} : { published: date }),
    ...(read.received ? { received: read.received.toISOString() } : {}),
    folder,
    uid,
    uidValidity,
    size: read.traits.size,
    seen: read.flags.includes("\\Seen"),
    flagged: read.flags.includes("\\Flagged"),
    answered: read.flags.includes("\\Answered"),
  };
}

/** The content of some attachments as base64; a larger one comes in pieces, each with the `next` offset to ask for. */
async function contents(
  imap: ImapFlow,
  wanted: FetchObject,
  parts: readonly string[],
): Promise<Record<string, unknown>> {
  const { folder, uidValidity } = await openFolder(imap, wanted, true);
  const uid = (await findUids(imap, wanted)).at(-1);
  const found =
    uid === undefined ? false : await imap.fetchOne(String(uid), { uid: true, bodyStructure: true }, { uid: true });
  if (uid === undefined || !found) throw notFound();
  const listed = new Map(partsOfStructure(found.bodyStructure).attachments.map((one) => [one.part, one]));
  let room = CONTENT_BYTES;
  const attachments: Record<string, unknown>[] = [];
  for (const part of new Set(parts)) {
    const known = listed.get(part);
    if (!known) throw notFound("The mail has no such attachment: its attachments[].part name those it has.");
    const from = parts.length === 1 ? (wanted.offset ?? 0) : 0;
    const { content, over } = await piece(imap, uid, part, from, room);
    room -= content.length;
    attachments.push({
      ...nameOf(known),
      offset: from,
      content: content.toString("base64"),
      ...(over ? { next: from + content.length } : {}),
    });
  }
  return { type: "message", folder, uid, uidValidity, attachments };
}

function nameOf({ size: _estimated, ...known }: ListedAttachment): Record<string, unknown> {
  return known;
}

/** Up to `room` bytes of a part from an offset on; `over` when there is more. */
async function piece(
  imap: ImapFlow,
  uid: number,
  part: string,
  offset: number,
  room: number,
): Promise<{ readonly content: Buffer; readonly over: boolean }> {
  const { content } = await imap.download(String(uid), part, { uid: true, decodeText: false });
  if (!content) throw notFound();
  const kept: Buffer[] = [];
  let at = 0;
  // One byte more than is given tells whether there is more.
  const end = offset + room + 1;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    if (at + chunk.length > offset) kept.push(chunk.subarray(Math.max(offset - at, 0), end - at));
    at += chunk.length;
    if (at >= end) break;
  }
  const whole = Buffer.concat(kept);
  return { content: whole.subarray(0, room), over: whole.length > room };
}
