import type { ImapFlow } from "imapflow";
import type { Activity } from "../../model/activity.ts";
import type { Receipt, VerbContext } from "../../platform/platform.ts";
import type { Client } from "./client/client.ts";
import { found, withId } from "./client/imap/find.ts";
import type { Mailbox } from "./client/mailbox.ts";
import { TRACE_SECONDS } from "./inbound/delivery-reports.ts";
import { changedAfterAll } from "./verbs/change.ts";
import { messageIdOf } from "./verbs/compose.ts";

/** A server may still be at work on a mail whose connection broke: it is looked for again after so many ms. */
const LOOKS = [0, 1_000, 3_000, 6_000];

/**
 * Finds out what became of work that broke after its commit. A mail is looked for in its sender's own mailbox, by the
 * Message-ID that only it has. Found, it was taken; not found says nothing, since many servers keep no copy.
 */
export async function recover(client: Client, activity: Activity, context: VerbContext): Promise<Receipt | undefined> {
  const { mailbox, head } = client;
  if (!mailbox) return undefined;
  if (activity.verb !== "send") return changedAfterAll(client, activity, context);
  const id = messageIdOf(activity, head.mailDomain);
  // Nothing can be looked for over POP3.
  if (!mailbox.searches || !(await foundIn(mailbox, id, activity.id, context.signal))) return undefined;
  const outcomes = context.pending.map((index) => {
    const address = activity.target[index]?.address ?? "";
    return { address, status: "sent" as const, id };
  });
  return { outcomes, object: { id, found: "mailbox" } };
}

async function foundIn(mailbox: Mailbox, id: string, name: string, signal: AbortSignal): Promise<boolean> {
  for (const wait of LOOKS) {
    await pause(wait, signal);
    if (await mailbox.use(signal, (imap) => holds(imap, id, name))) return true;
  }
  return false;
}

/** A copy among what was sent, in the inbox or among all mail; or in the inbox an answer to it, or a report that names it. */
async function holds(imap: ImapFlow, id: string, name: string): Promise<boolean> {
  const all = await imap.list();
  const used = (use: string) => all.flatMap(({ specialUse, path }) => (specialUse === use ? [path] : []));
  for (const folder of new Set([...used("\\Sent"), "INBOX", ...used("\\All")])) {
    await imap.mailboxOpen(folder, { readOnly: true });
    if ((await withId(imap, id)).length > 0) return true;
  }
  await imap.mailboxOpen("INBOX", { readOnly: true });
  const headers = ["in-reply-to", "references"].map((field) => ({ header: { [field]: id } }));
  const since = new Date(Date.now() - TRACE_SECONDS * 1_000);
  return (await found(imap, { since, or: [...headers, { body: name }] })).length > 0;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(done, ms);
    function done(): void {
      signal.removeEventListener("abort", stop);
      resolve();
    }
    function stop(): void {
      clearTimeout(timer);
      reject(signal.reason);
    }
    signal.addEventListener("abort", stop, { once: true });
  });
}
