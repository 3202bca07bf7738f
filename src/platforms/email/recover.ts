import { setTimeout as sleep } from "node:timers/promises";
import type { ImapFlow } from "imapflow";
import type { Activity } from "../../model/activity.ts";
import type { Receipt, VerbContext } from "../../platform/platform.ts";
import type { Client } from "./client/client.ts";
import { findByMessageId, searchUids } from "./client/imap/find-mails.ts";
import type { Mailbox } from "./client/mailbox.ts";
import { RECEIPT_TTL_SECONDS } from "./inbound/delivery-reports.ts";
import { recoverChange } from "./verbs/change.ts";
import { messageIdOf } from "./verbs/compose.ts";

/** Waits before each search in ms. A server may still process a mail whose connection broke. */
const SEARCH_DELAYS_MS = [0, 1_000, 3_000, 6_000];

/**
 * Settles work that broke after the commit. A sent mail is searched in the sender's own mailbox, by the unique Message-ID.
 * A mail that is found was accepted; an empty result proves nothing, since many servers keep no copy.
 */
export async function recover(client: Client, activity: Activity, context: VerbContext): Promise<Receipt | undefined> {
  const { mailbox, senderDefaults } = client;
  if (!mailbox) return undefined;
  if (activity.verb !== "send") return recoverChange(client, activity, context);
  const id = messageIdOf(activity, senderDefaults.mailDomain);
  // POP3 has no search.
  if (!mailbox.canSearch || !(await findSent(mailbox, id, activity.id, context.signal))) return undefined;
  const outcomes = context.pending.map((index) => {
    const address = activity.target[index]?.address ?? "";
    return { address, status: "sent" as const, id };
  });
  return { outcomes, object: { id, email: { found: "mailbox" } } };
}

async function findSent(
  mailbox: Mailbox,
  messageId: string,
  activityId: string,
  signal: AbortSignal,
): Promise<boolean> {
  for (const delayMs of SEARCH_DELAYS_MS) {
    await sleep(delayMs, undefined, { signal });
    if (await mailbox.use(signal, (imap) => hasTrace(imap, messageId, activityId))) return true;
  }
  return false;
}

/** Searches sent mail, inbox and all mail for a copy, then for answers and reports. */
async function hasTrace(imap: ImapFlow, messageId: string, activityId: string): Promise<boolean> {
  const folders = await imap.list();
  const withUse = (use: string) => folders.flatMap(({ specialUse, path }) => (specialUse === use ? [path] : []));
  for (const folder of new Set([...withUse("\\Sent"), "INBOX", ...withUse("\\All")])) {
    await imap.mailboxOpen(folder, { readOnly: true });
    if ((await findByMessageId(imap, messageId)).length > 0) return true;
  }
  await imap.mailboxOpen("INBOX", { readOnly: true });
  const headers = ["in-reply-to", "references"].map((field) => ({ header: { [field]: messageId } }));
  const since = new Date(Date.now() - RECEIPT_TTL_SECONDS * 1_000);
  return (await searchUids(imap, { since, or: [...headers, { body: activityId }] })).length > 0;
}
