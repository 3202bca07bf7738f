import { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { type ImapEndpoint, openImap } from "../client/imap/connection.ts";
import { folderName } from "../client/imap/find-mails.ts";
import type { Credentials } from "../credentials.ts";
import { deliveryReports } from "./delivery-reports.ts";
import { parseCursor } from "./imap-cursor.ts";
import { type FolderListener, folderStateKey, listenToFolder } from "./imap-folder.ts";
import { folderRetries } from "./imap-folder-retries.ts";
import type { MailReader } from "./mail-reader.ts";

/** A connected mailbox: the client of `connect`. */
export interface ConnectedMailbox {
  /** Listens to a folder from now on, also after a reconnect. */
  readonly subscribe: (folder: string, signal: AbortSignal) => Promise<void>;
  readonly unsubscribe: (folder: string) => Promise<void>;
  readonly close: () => void;
}

/** Folders that an account may listen to. Each takes a connection, and servers allow about ten. */
export const MAX_FOLDERS = 5;
const STATE_PREFIX = folderStateKey("");
/** State of an inbox that the app unsubscribed from. The inbox is listened to by default. */
const OFF = "off";

/** Logs in, catches up in every subscribed folder (the inbox by default) and listens. */
export async function connectImap(
  connection: ConnectionContext<Credentials>,
  endpoint: ImapEndpoint,
  reader: MailReader,
): Promise<ConnectedMailbox> {
  const { timeouts } = endpoint;
  const listeners = new Map<string, FolderListener>();
  let isOver = false;

  function close(): void {
    isOver = true;
    for (const listener of listeners.values()) listener.close();
    listeners.clear();
    retries.cancelAll();
  }
  function onEnded(thrown: unknown): void {
    if (isOver) return;
    close();
    connection.onDisconnected(thrown);
  }
  const readReport = deliveryReports(connection, reader);
  async function listen(folder: string, storedCursor: string | undefined, signal: AbortSignal): Promise<void> {
    const imap = await openImap(endpoint, true, signal);
    const listener = await listenToFolder(imap, folder, parseCursor(storedCursor), {
      connection,
      reader,
      inspect: readReport,
      onEnded,
      pollMs: timeouts.poll,
      catchUpMs: timeouts.catchUp,
    });
    if (isOver) listener.close();
    else listeners.set(folder, listener);
  }

  const retries = folderRetries({
    connection,
    retryMs: timeouts.idle,
    listen: (folder, storedCursor) => listen(folder, storedCursor, connection.signal),
    onFailed: onEnded,
  });

  const [first, ...others] = subscribedFolders(await connection.state.read());
  try {
    // With nothing to listen to, the login is tried all the same.
    if (first === undefined) (await openImap(endpoint, false, connection.signal)).close();
    else await listen(...first, connection.signal);
    for (const [folder] of others) await retries.listen(folder);
  } catch (thrown) {
    close();
    throw thrown;
  }

  return {
    close,
    subscribe: async (requestedFolder, signal) => {
      const folder = folderName(requestedFolder);
      if (listeners.has(folder)) return;
      if (listeners.size + retries.count() >= MAX_FOLDERS) throw tooManyFolders();
      await listen(folder, undefined, signal);
    },
    unsubscribe: async (requestedFolder) => {
      const folder = folderName(requestedFolder);
      retries.cancel(folder);
      listeners.get(folder)?.close();
      listeners.delete(folder);
      await connection.state.write(folderStateKey(folder), folder === "INBOX" ? OFF : undefined);
    },
  };
}

/** Returns the subscribed folders with their stored cursors. */
function subscribedFolders(state: Readonly<Record<string, string>>): Map<string, string | undefined> {
  const folders = new Map<string, string | undefined>([["INBOX", undefined]]);
  for (const [name, value] of Object.entries(state)) {
    if (name.startsWith(STATE_PREFIX)) folders.set(name.slice(STATE_PREFIX.length), value);
  }
  if (folders.get("INBOX") === OFF) folders.delete("INBOX");
  return folders;
}

function tooManyFolders(): Failure {
  const detail = `The account listens to ${MAX_FOLDERS} folders, which is the maximum: unsubscribe from one first.`;
  return new Failure({ kind: "permanent", code: "policy-refused", detail });
}
