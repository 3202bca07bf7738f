import type { ImapFlow } from "imapflow";
import { Value } from "typebox/value";
import type { Activity } from "../../../model/activity.ts";
import { Failure } from "../../../model/failure.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { findUids, folderName, notFound, type OpenFolder, openFolder } from "../client/imap/find-mails.ts";
import { noMailbox } from "../client/mailbox.ts";
import { classifyError } from "../errors.ts";
import { ChangeObject } from "../schemas/mailbox.ts";

type Change = (
  imap: ImapFlow,
  uids: string,
  object: ChangeObject,
  source: OpenFolder,
) => Promise<Record<string, unknown>>;

const NO_FOLDER = "The mailbox has no such folder: query lists the folders.";
const CHANGES: Readonly<Record<string, Change>> = {
  read: (imap, uids, { seen = true }) => setFlag(imap, uids, "\\Seen", seen, "seen"),
  flag: (imap, uids, { flagged = true }) => setFlag(imap, uids, "\\Flagged", flagged, "flagged"),
  move: (imap, uids, { destination = "INBOX" }) => moveTo(imap, uids, folderName(destination)),
  delete: remove,
};

/** Activity of a changing verb. */
type ChangeActivity = Pick<Activity, "verb"> & { readonly object: ChangeObject };

/** Marks, moves or deletes the selected mails that exist in the folder. Throws when there is none. */
export async function change(client: Client, activity: ChangeActivity, context: VerbContext): Promise<Receipt> {
  return applyChange(client, activity, context, true);
}

/**
 * Repeats a change that broke off after the commit. Each change is idempotent: mails that were moved or deleted are not
 * there any more, which counts as done.
 */
export async function recoverChange(
  client: Client,
  { verb, object }: Pick<Activity, "verb" | "object">,
  context: VerbContext,
): Promise<Receipt | undefined> {
  if (!(verb in CHANGES) || !Value.Check(ChangeObject, object)) return undefined;
  return applyChange(client, { verb, object }, context, false);
}

async function applyChange(
  { mailbox }: Client,
  { verb, object: request }: ChangeActivity,
  context: VerbContext,
  isFirstTry: boolean,
): Promise<Receipt> {
  if (!mailbox) throw noMailbox();
  const apply = CHANGES[verb];
  if (!apply) throw notFound();
  return mailbox.use(context.signal, async (imap) => {
    const source = await openFolder(imap, request, false);
    const uids = await findUids(imap, request);
    const object = { folder: source.folder, uidValidity: source.uidValidity, uid: uids };
    if (uids.length === 0) {
      if (isFirstTry) throw notFound();
      return { outcomes: [], object };
    }
    // Checked before the commit: a move into a missing folder is refused without a reason.
    const { destination } = request;
    if (destination !== undefined && !(await imap.status(folderName(destination), { uidNext: true }))) {
      throw notFound(NO_FOLDER);
    }
    if (isFirstTry) await context.commit();
    try {
      return { outcomes: [], object: { ...object, ...(await apply(imap, uids.join(","), request, source)) } };
    } catch (thrown) {
      throw afterCommit(classifyError(thrown));
    }
  });
}

/** Marks a failure after the commit: only the server's own refusal is certain. */
function afterCommit(failure: Failure): Failure {
  const isCertain = failure.kind === "permanent" || failure.kind === "auth";
  return isCertain ? failure : failureWith(failure, { mayHaveLanded: true, cause: failure });
}

async function setFlag(
  imap: ImapFlow,
  uids: string,
  flag: string,
  isOn: boolean,
  member: string,
): Promise<Record<string, unknown>> {
  const isDone = isOn
    ? await imap.messageFlagsAdd(uids, [flag], { uid: true })
    : await imap.messageFlagsRemove(uids, [flag], { uid: true });
  if (!isDone) throw refused(imap);
  return { [member]: isOn };
}

/** Moves mails; the result has the new uids where the server tells (UIDPLUS, RFC 4315). */
async function moveTo(imap: ImapFlow, uids: string, destination: string): Promise<Record<string, unknown>> {
  const result = await imap.messageMove(uids, destination, { uid: true });
  if (!result) throw refused(imap);
  const { uidMap, uidValidity } = result;
  const moved = uidMap && { uidValidity: String(uidValidity), uid: [...uidMap.values()] };
  return { destination, ...(moved ? { email: { moved } } : {}) };
}

/** Moves mails into the trash folder. Deletes permanently without a trash folder, and in the trash folder itself. */
async function remove(
  imap: ImapFlow,
  uids: string,
  { permanent = false }: ChangeObject,
  { folder }: OpenFolder,
): Promise<Record<string, unknown>> {
  const folders = permanent ? [] : await imap.list();
  const trash = folders.find(({ specialUse }) => specialUse === "\\Trash")?.path;
  if (trash !== undefined && trash !== folder) return moveTo(imap, uids, trash);
  if (!(await imap.messageDelete(uids, { uid: true }))) throw refused(imap);
  return { permanent: true };
}

/** Makes the error for imapflow's plain "not done"; a connection that ended is no refusal. */
function refused(imap: ImapFlow): Error {
  if (!imap.usable) return Object.assign(new Error("The connection ended"), { code: "NoConnection" });
  const detail = "The mailbox's server refuses the request.";
  return new Failure({ kind: "permanent", code: "platform-rejected", detail });
}
