import type { ImapFlow } from "imapflow";
import type { Activity } from "../../../model/activity.ts";
import { Failure } from "../../../model/failure.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { notFound, type OpenFolder, openFolder, findUids } from "../client/imap/find-mails.ts";
import { noMailbox } from "../client/mailbox.ts";
import { classifyError } from "../errors.ts";
import { folderName } from "../inbound/imap-mailbox.ts";
import type { ChangeObject } from "../schemas/mailbox.ts";

type Change = (imap: ImapFlow, uids: string, object: ChangeObject, from: OpenFolder) => Promise<Record<string, unknown>>;

const NO_FOLDER = "The mailbox has no such folder: query lists those it has.";
const CHANGES: Readonly<Record<string, Change>> = {
  read: (imap, uids, { seen = true }) => flagged(imap, uids, "\\Seen", seen, "seen"),
  flag: (imap, uids, { flagged: on = true }) => flagged(imap, uids, "\\Flagged", on, "flagged"),
  move: (imap, uids, { to = "INBOX" }) => moved(imap, uids, folderName(to)),
  delete: deleted,
};

/** Marks, moves or deletes mails of a folder, those of the ones named that are there. Throws when none is. */
export async function change(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return changed(client, activity, context, true);
}

/**
 * What became of a change that broke off: each of them can be done again, since what was moved or deleted is not there any
 * more and then is found done.
 */
export async function changedAfterAll(
  client: Client,
  activity: Activity,
  context: VerbContext,
): Promise<Receipt | undefined> {
  return activity.verb in CHANGES ? changed(client, activity, context, false) : undefined;
}

async function changed(
  { mailbox }: Client,
  activity: Activity,
  context: VerbContext,
  first: boolean,
): Promise<Receipt> {
  if (!mailbox) throw noMailbox();
  const change = CHANGES[activity.verb];
  if (!change) throw notFound();
  const wanted = activity.object as ChangeObject;
  return mailbox.use(context.signal, async (imap) => {
    const from = await openFolder(imap, wanted, false);
    const uids = await findUids(imap, wanted);
    const object = { folder: from.folder, uidValidity: from.uidValidity, uids };
    if (uids.length === 0) {
      if (first) throw notFound();
      return { outcomes: [], object };
    }
    // Asked before the commit: moving into a folder that is not there is refused without a reason.
    if (wanted.to !== undefined && !(await imap.status(folderName(wanted.to), { uidNext: true })))
      throw notFound(NO_FOLDER);
    if (first) await context.commit();
    try {
      return { outcomes: [], object: { ...object, ...(await change(imap, uids.join(","), wanted, from)) } };
    } catch (thrown) {
      throw mayBeDone(classifyError(thrown));
    }
  });
}

/** After the commit, only the server's own no is certain. */
function mayBeDone(failure: Failure): Failure {
  const { kind, code, message: detail, platformCode, retryAfterMs } = failure;
  if (kind === "permanent" || kind === "auth") return failure;
  return new Failure({
    kind,
    code,
    detail,
    mayHaveLanded: true,
    ...(platformCode === undefined ? {} : { platformCode }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause: failure,
  });
}

async function flagged(
  imap: ImapFlow,
  uids: string,
  flag: string,
  on: boolean,
  name: string,
): Promise<Record<string, unknown>> {
  const store = on
    ? imap.messageFlagsAdd(uids, [flag], { uid: true })
    : imap.messageFlagsRemove(uids, [flag], { uid: true });
  if (!(await store)) throw refused(imap);
  return { [name]: on };
}

async function moved(imap: ImapFlow, uids: string, to: string): Promise<Record<string, unknown>> {
  const done = await imap.messageMove(uids, to, { uid: true });
  if (!done) throw refused(imap);
  const placed = done.uidMap
    ? { movedTo: { folder: to, uidValidity: String(done.uidValidity), uids: [...done.uidMap.values()] } }
    : {};
  return { to, ...placed };
}

/** Into the trash folder, where the mailbox has one and the mail is not in it; else for good. */
async function deleted(
  imap: ImapFlow,
  uids: string,
  { forever = false }: ChangeObject,
  { folder }: OpenFolder,
): Promise<Record<string, unknown>> {
  const all = forever ? [] : await imap.list();
  const trash = all.find(({ specialUse }) => specialUse === "\\Trash")?.path;
  if (trash !== undefined && trash !== folder) return moved(imap, uids, trash);
  if (!(await imap.messageDelete(uids, { uid: true }))) throw refused(imap);
  return { forever: true };
}

/** imapflow says only that it was not done; a connection that ended is no refusal. */
function refused(imap: ImapFlow): Error {
  if (!imap.usable) return Object.assign(new Error("The connection ended"), { code: "NoConnection" });
  const detail = "The mailbox's server refuses it.";
  return new Failure({ kind: "permanent", code: "platform-rejected", detail });
}
