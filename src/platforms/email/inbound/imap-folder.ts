import { setTimeout } from "node:timers/promises";
import type { ImapFlow } from "imapflow";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { causeOf } from "../client/imap/connection.ts";
import { dateOf, type ReadMail, readMail } from "../client/imap/mail.ts";
import { arrivalKey, type Cursor, cursorNote } from "./imap-cursor.ts";
import { type MailReader, mailArrival } from "./mail.ts";

export interface WatchDeps {
  readonly hold: Pick<ConnectionContext<unknown>, "address" | "record" | "state" | "log" | "signal">;
  readonly reader: MailReader;
  /** Tells what a mail means beyond being one, before it arrives; what it returns is added to the arrival's object. */
  readonly inspect: (read: ReadMail) => Promise<Readonly<Record<string, unknown>>>;
  /** Called once when watching ended by itself. */
  readonly ended: (thrown: unknown) => void;
  readonly pollMs: number;
  /** What waits is brought before the account counts as online; what takes longer than this comes after. */
  readonly catchUpMs: number;
}

/** A folder that is listened to on a connection of its own. */
export interface Watch {
  readonly close: () => void;
}

/** After a server gave new uids, so many of the newest mails are looked at again. */
const RENUMBERED_MOST = 1_000;

/** The name of the note that keeps how far a folder was read. */
export function noteOf(folder: string): string {
  return `folder:${folder}`;
}

/**
 * Brings what came since `cursor`, then listens by IDLE, or asks where the server has none. Without a cursor only what comes
 * from now on is news. Resolves when all that was waiting has arrived. Takes the connection over, also when it rejects.
 */
export async function watchFolder(
  imap: ImapFlow,
  folder: string,
  cursor: Cursor | undefined,
  given: WatchDeps,
): Promise<Watch> {
  const stopped = new AbortController();
  // What is half read when the folder is let go does not arrive any more.
  const signal = AbortSignal.any([given.hold.signal, stopped.signal]);
  const deps = { ...given, hold: { ...given.hold, signal } };
  let at = cursor;
  let over = false;
  let due = true;
  let busy = false;
  let asking: NodeJS.Timeout | undefined;

  function end(): void {
    over = true;
    stopped.abort(new Error("The folder is not listened to any more"));
    clearInterval(asking);
    imap.close();
  }
  function failed(thrown: unknown): void {
    if (over) return;
    end();
    deps.ended(causeOf(imap, thrown));
  }
  async function catchUp(): Promise<void> {
    busy = true;
    try {
      while (due && !over) {
        due = false;
        at = await news(imap, folder, at, deps);
      }
    } finally {
      busy = false;
    }
  }
  function look(): void {
    due = true;
    if (!busy) catchUp().catch(failed);
  }

  try {
    await imap.mailboxOpen(folder, { readOnly: true });
    imap.on("exists", look);
    imap.on("mailboxOpen", look);
    const first = catchUp();
    await Promise.race([first, setTimeout(deps.catchUpMs, undefined, { ref: false })]);
    first.catch(failed);
  } catch (thrown) {
    end();
    throw causeOf(imap, thrown);
  }
  imap.on("close", () => failed(gone()));
  if (!imap.usable) failed(gone());
  if (!imap.capabilities.has("IDLE")) {
    asking = setInterval(() => void imap.noop().catch(failed), deps.pollMs).unref();
  }
  return { close: end };
}

/** One pass over what is new; answers how far the folder has been read then. */
async function news(imap: ImapFlow, folder: string, cursor: Cursor | undefined, deps: WatchDeps): Promise<Cursor> {
  const box = imap.mailbox;
  if (!box) throw gone();
  const uidValidity = String(box.uidValidity);
  if (!cursor) return kept(await endOf(imap, uidValidity, box.uidNext), folder, deps);
  if (cursor.uidValidity !== uidValidity) return renumbered(imap, folder, cursor, uidValidity, deps);
  let at = cursor;
  for (const uid of await above(imap, cursor.uid)) {
    deps.hold.signal.throwIfAborted();
    const read = await readMail(imap, uid, deps.reader, deps.hold.signal);
    if (!read) continue;
    at = { uidValidity, uid, newest: Math.max(at.newest, read.received?.getTime() ?? 0) };
    await arrive(read, folder, at, at, deps);
  }
  return at;
}

/**
 * The server gave all mails new uids (another UIDVALIDITY, RFC 3501 section 2.3.1.1): what came since the newest mail is
 * looked at again, and its key tells whether it was seen. Only then the folder's new end is kept.
 */
async function renumbered(
  imap: ImapFlow,
  folder: string,
  old: Cursor,
  uidValidity: string,
  deps: WatchDeps,
): Promise<Cursor> {
  const end = await endOf(imap, uidValidity, 0);
  let newest = old.newest;
  for (const uid of await recent(imap, old.newest)) {
    deps.hold.signal.throwIfAborted();
    const read = await readMail(imap, uid, deps.reader, deps.hold.signal);
    const received = read?.received?.getTime() ?? 0;
    if (!read || received < old.newest) continue;
    newest = Math.max(newest, received);
    await arrive(read, folder, { uidValidity, uid }, undefined, deps);
  }
  return kept({ ...end, newest }, folder, deps);
}

async function kept(cursor: Cursor, folder: string, { hold: context }: WatchDeps): Promise<Cursor> {
  await context.state.write(noteOf(folder), cursorNote(cursor));
  return cursor;
}

async function arrive(
  read: ReadMail,
  folder: string,
  { uid, uidValidity }: Pick<Cursor, "uid" | "uidValidity">,
  cursor: Cursor | undefined,
  { hold: context, inspect }: WatchDeps,
): Promise<void> {
  context.signal.throwIfAborted();
  const more = await inspect(read);
  const arrival = mailArrival(read.mail, {
    key: arrivalKey(read.traits, `${folder}:${uidValidity}:${uid}`),
    account: context.address,
    ...(read.received ? { received: read.received } : {}),
    ...(cursor ? { note: { name: noteOf(folder), value: cursorNote(cursor) } } : {}),
  });
  const object = { ...arrival.event.object, ...more, folder, uid, uidValidity };
  await context.record({ ...arrival, event: { ...arrival.event, object } });
}

/** Where a folder ends now. */
async function endOf(imap: ImapFlow, uidValidity: string, uidNext: number): Promise<Cursor> {
  const last = await imap.fetchOne("*", { uid: true, internalDate: true });
  const newest = last ? (dateOf(last.internalDate)?.getTime() ?? 0) + 1_000 : 0;
  return { uidValidity, uid: Math.max((uidNext || 1) - 1, last ? last.uid : 0), newest };
}

/** The uids above one, ascending. `N:*` names the last mail even when that is below N (RFC 3501 section 6.4.8). */
async function above(imap: ImapFlow, uid: number): Promise<readonly number[]> {
  const found = (await imap.search({ uid: `${uid + 1}:*` }, { uid: true })) || [];
  return found.filter((one) => one > uid).sort((a, b) => a - b);
}

/** The uids of what came on that day or later: searching knows days only, in the server's own time zone. */
async function recent(imap: ImapFlow, since: number): Promise<readonly number[]> {
  const day = new Date(Math.max(since - 86_400_000, 0));
  const found = (await imap.search({ since: day }, { uid: true })) || [];
  return found.sort((a, b) => a - b).slice(-RENUMBERED_MOST);
}

function gone(): Error {
  return Object.assign(new Error("The mailbox's server ended the connection"), { code: "NoConnection" });
}
