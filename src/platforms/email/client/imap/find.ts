import type { ImapFlow } from "imapflow";
import { Failure } from "../../../../model/failure.ts";
import { folderName } from "../../inbound/imap-mailbox.ts";

/** Which mails of a folder are meant. */
export interface Wanted {
  readonly folder?: string;
  readonly uidValidity?: string;
  readonly uid?: number | readonly number[];
  readonly id?: string;
}

/** A folder that is open now. */
export interface Opened {
  readonly folder: string;
  readonly uidValidity: string;
  readonly total: number;
}

/** Opens a folder; throws a `Failure` when its mails have other uids by now than the app knows. */
export async function opened(
  imap: ImapFlow,
  { folder: given = "INBOX", uidValidity }: Wanted,
  readOnly: boolean,
): Promise<Opened> {
  const folder = folderName(given);
  const box = await imap.mailboxOpen(folder, { readOnly });
  const now = String(box.uidValidity);
  if (uidValidity !== undefined && uidValidity !== now) {
    throw nothing("The folder's mails have new uids by now (another uidValidity): look for them anew.");
  }
  return { folder, uidValidity: now, total: box.exists };
}

/** The uids of the mails that are meant and that are in the open folder, ascending. */
export async function uidsOf(imap: ImapFlow, { uid, id }: Wanted): Promise<readonly number[]> {
  if (uid === undefined) return id === undefined ? [] : withId(imap, id);
  const asked = new Set([uid].flat());
  return (await found(imap, { uid: [...asked].join(",") })).filter((one) => asked.has(one));
}

/** The uids of the mails with that Message-ID in the open folder. */
export async function withId(imap: ImapFlow, id: string): Promise<readonly number[]> {
  return found(imap, { header: { "message-id": `<${id.replace(/^<|>$/g, "")}>` } });
}

/** The uids that fit, ascending. */
export async function found(imap: ImapFlow, query: Parameters<ImapFlow["search"]>[0]): Promise<readonly number[]> {
  const uids = (await imap.search(query, { uid: true })) || [];
  return [...uids].sort((a, b) => a - b);
}

/** What there is not. */
export function nothing(detail = "There is no such mail in the folder (any more)."): Failure {
  return new Failure({ kind: "permanent", code: "recipient-unknown", detail });
}
