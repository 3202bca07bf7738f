import type { ImapFlow } from "imapflow";
import { Failure } from "../../../../model/failure.ts";

/** A selection of mails in a folder. */
export interface MailSelector {
  readonly folder?: string;
  readonly uidValidity?: string;
  readonly uid?: number | readonly number[];
  readonly id?: string;
}

/** A selected folder. */
export interface OpenFolder {
  readonly folder: string;
  readonly uidValidity: string;
  readonly total: number;
}

/** Opens a folder. Throws a `Failure` when the mails have other uids by now than the app knows. */
export async function openFolder(
  imap: ImapFlow,
  { folder: requestedFolder = "INBOX", uidValidity }: MailSelector,
  readOnly: boolean,
): Promise<OpenFolder> {
  const folder = folderName(requestedFolder);
  const status = await imap.mailboxOpen(folder, { readOnly });
  const currentValidity = String(status.uidValidity);
  if (uidValidity !== undefined && uidValidity !== currentValidity) {
    throw notFound("The folder's mails have new uids by now (another uidValidity): look for them anew.");
  }
  return { folder, uidValidity: currentValidity, total: status.exists };
}

/** Returns the uids of the selected mails that exist in the open folder, ascending. */
export async function findUids(imap: ImapFlow, { uid, id }: MailSelector): Promise<readonly number[]> {
  if (uid === undefined) return id === undefined ? [] : findByMessageId(imap, id);
  const requested = new Set([uid].flat());
  return (await searchUids(imap, { uid: [...requested].join(",") })).filter((found) => requested.has(found));
}

/** Returns the uids of the mails with that Message-ID in the open folder. */
export async function findByMessageId(imap: ImapFlow, id: string): Promise<readonly number[]> {
  return searchUids(imap, { header: { "message-id": `<${id.replace(/^<|>$/g, "")}>` } });
}

/** Returns the uids that match, ascending. Rejects where the server refuses: nothing found would be another answer. */
export async function searchUids(imap: ImapFlow, query: Parameters<ImapFlow["search"]>[0]): Promise<readonly number[]> {
  const uids = await imap.search(query, { uid: true });
  if (!uids) {
    // imapflow keeps the server's words to itself.
    const facts = { responseStatus: "NO", safeText: "The server refuses the search." };
    throw Object.assign(new Error("Search refused"), facts);
  }
  return [...uids].sort((a, b) => a - b);
}

/** Returns a folder's name. The inbox has a single name in any case of letters (RFC 3501 section 5.1). */
export function folderName(folder: string): string {
  return folder.toUpperCase() === "INBOX" ? "INBOX" : folder;
}

/** Makes the failure for a mail or folder that does not exist. */
export function notFound(detail = "There is no such mail in the folder (any more)."): Failure {
  return new Failure({ kind: "permanent", code: "recipient-unknown", detail });
}
