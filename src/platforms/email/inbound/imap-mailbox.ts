import { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { type ImapPatience, type ImapWay, openImap } from "../client/imap/connection.ts";
import type { Credentials } from "../credentials.ts";
import { reportsOf } from "./delivery-reports.ts";
import { cursorOf } from "./imap-cursor.ts";
import { noteOf, type Watch, watchFolder } from "./imap-folder.ts";
import type { MailReader } from "./mail.ts";

/** An account's mailbox while it is listened to. */
export interface HeldMailbox {
  /** Listens to a folder from now on, also after a reconnect. */
  readonly subscribe: (folder: string, signal: AbortSignal) => Promise<void>;
  readonly unsubscribe: (folder: string) => Promise<void>;
  readonly close: () => void;
}

/** Folders that one account may listen to: each takes a connection, and servers allow about ten. */
export const FOLDERS_MOST = 5;
const PREFIX = noteOf("");
/** Kept for the inbox, which is listened to unless the app said otherwise. */
const OFF = "off";

/** Logs in, catches up in every folder that is subscribed to (the inbox by itself) and listens to them. */
export async function holdImap(
  context: ConnectionContext<Credentials>,
  way: ImapWay,
  patience: ImapPatience,
  reader: MailReader,
): Promise<HeldMailbox> {
  const watches = new Map<string, Watch>();
  let over = false;

  function close(): void {
    over = true;
    for (const watch of watches.values()) watch.close();
    watches.clear();
  }
  function ended(thrown: unknown): void {
    if (over) return;
    close();
    context.onDisconnected(thrown);
  }
  async function listen(folder: string, note: string | undefined, signal: AbortSignal): Promise<void> {
    const imap = await openImap(way, true, signal);
    const deps = {
      hold: context,
      reader,
      inspect: reportsOf(context),
      ended,
      pollMs: patience.poll,
      catchUpMs: patience.catchUp,
    };
    const watch = await watchFolder(imap, folder, cursorOf(note), deps);
    if (over) watch.close();
    else watches.set(folder, watch);
  }

  const notes = await context.state.read();
  const wanted = new Map<string, string | undefined>([["INBOX", undefined]]);
  for (const [name, note] of Object.entries(notes))
    if (name.startsWith(PREFIX)) wanted.set(name.slice(PREFIX.length), note);
  if (wanted.get("INBOX") === OFF) wanted.delete("INBOX");
  try {
    // With nothing to listen to, the login is tried all the same.
    if (wanted.size === 0) (await openImap(way, false, context.signal)).close();
    for (const [folder, note] of wanted) {
      await listen(folder, note, context.signal).catch((thrown: unknown) => {
        if (folder === "INBOX" || !missing(thrown)) throw thrown;
        context.log.warn({ platform: "email" }, "A folder that an account listens to is gone; the others go on");
      });
    }
  } catch (thrown) {
    close();
    throw thrown;
  }

  return {
    close,
    subscribe: async (given, signal) => {
      const folder = folderName(given);
      if (watches.has(folder)) return;
      if (watches.size >= FOLDERS_MOST) throw tooMany();
      await listen(folder, undefined, signal);
    },
    unsubscribe: async (given) => {
      const folder = folderName(given);
      watches.get(folder)?.close();
      watches.delete(folder);
      await context.state.write(noteOf(folder), folder === "INBOX" ? OFF : undefined);
    },
  };
}

/** The inbox has one name whatever its letters' case (RFC 3501 section 5.1). */
export function folderName(folder: string): string {
  return folder.toUpperCase() === "INBOX" ? "INBOX" : folder;
}

function missing(thrown: unknown): boolean {
  const { serverResponseCode, mailboxMissing } = thrown as Readonly<Record<string, unknown>>;
  return serverResponseCode === "NONEXISTENT" || mailboxMissing === true;
}

function tooMany(): Failure {
  const detail = `The account listens to ${FOLDERS_MOST} folders, which is the most: unsubscribe from one first.`;
  return new Failure({ kind: "permanent", code: "policy-refused", detail });
}
