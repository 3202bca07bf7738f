import type { ImapFlow } from "imapflow";
import { optional } from "../../../model/optional.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { findUids, notFound, openFolder } from "../client/imap/find-mails.ts";
import { noMailbox } from "../client/mailbox.ts";
import { readMail } from "../inbound/imap-read.ts";
import type { MailReader } from "../inbound/mail-reader.ts";
import type { FetchObject, FetchSchema, SearchSchema } from "../schemas/mailbox.ts";
import { attachmentsOf, rawMail } from "./fetch-content.ts";
import { page } from "./page.ts";

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
  const object = await mailbox.use(context.signal, (imap) =>
    isSingle ? single(imap, request, reader, context.signal) : page(imap, request),
  );
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

async function single(
  imap: ImapFlow,
  request: FetchObject,
  reader: MailReader,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const { folder, uidValidity } = await openFolder(imap, request, true);
  const uid = (await findUids(imap, request)).at(-1);
  if (uid === undefined) throw notFound();
  const location = { type: "message", folder, uid, uidValidity };
  const { attachments, raw = false, offset = 0 } = request;
  if (raw) return { ...location, ...(await rawMail(imap, uid, offset)) };
  if (attachments) return { ...location, ...(await attachmentsOf(imap, uid, attachments, offset)) };
  return { ...location, ...(await wholeMail(imap, uid, reader, signal)) };
}

async function wholeMail(
  imap: ImapFlow,
  uid: number,
  reader: MailReader,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const fetched = await readMail(imap, uid, reader, signal);
  if (!fetched) throw notFound();
  const { actor, object, context, date } = fetched.mail;
  return {
    ...object,
    from: actor,
    ...optional("published", date),
    size: fetched.traits.size,
    seen: fetched.flags.includes("\\Seen"),
    flagged: fetched.flags.includes("\\Flagged"),
    answered: fetched.flags.includes("\\Answered"),
    email: { ...optional("thread", context?.id), ...optional("received", fetched.received?.toISOString()) },
  };
}
