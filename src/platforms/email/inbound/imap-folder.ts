import { setTimeout } from "node:timers/promises";
import type { ImapFlow } from "imapflow";
import { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { causeOf } from "../client/imap/connection.ts";
import { searchUids } from "../client/imap/find-mails.ts";
import { type Cursor, formatCursor, mailKey } from "./imap-cursor.ts";
import { poisonKey, readOrStepOver } from "./imap-poison.ts";
import { type FetchedMail, validDate } from "./imap-read.ts";
import { inboundMailEvent } from "./mail-event.ts";
import type { MailReader } from "./mail-reader.ts";
import { inThread } from "./mail-threads.ts";

/** Dependencies of a folder listener. */
export interface FolderContext {
  readonly connection: Pick<ConnectionContext<unknown>, "address" | "record" | "state" | "log" | "signal">;
  readonly reader: MailReader;
  /** Examines a mail before it is recorded; the result is added to the event's object. */
  readonly inspect: (fetched: FetchedMail) => Promise<Readonly<Record<string, unknown>>>;
  /** Called once when listening ended without `close`. */
  readonly onEnded: (thrown: unknown) => void;
  readonly pollMs: number;
  /** Waiting mail is recorded before the account counts as online. Beyond this time the rest comes after. */
  readonly catchUpMs: number;
}

/** Folder listener with a separate connection. */
export interface FolderListener {
  readonly close: () => void;
}

/** Maximum number of searches for new mail. A later search finds mail that came during an earlier one. */
const MAX_SEARCHES = 3;
/** Newest mails that are compared after a server gave new uids. */
const MAX_RENUMBERED = 1_000;

/** Returns the key under which the connection state keeps a folder's cursor. */
export function folderStateKey(folder: string): string {
  return `folder:${folder}`;
}

/**
 * Records mail that came since `cursor`, then listens. Without IDLE the server is polled. Without a cursor only
 * later mail counts as new. Resolves when all waiting mail is recorded. Owns the connection, also when it rejects.
 */
export async function listenToFolder(
  imap: ImapFlow,
  folder: string,
  initialCursor: Cursor | undefined,
  settings: FolderContext,
): Promise<FolderListener> {
  const stopped = new AbortController();
  // A mail that is half read when the listener is closed is not recorded any more.
  const signal = AbortSignal.any([settings.connection.signal, stopped.signal]);
  const context = { ...settings, connection: { ...settings.connection, signal } };
  let cursor = initialCursor;
  let isOver = false;
  let isDue = true;
  let isBusy = false;
  let pollTimer: NodeJS.Timeout | undefined;

  function end(): void {
    isOver = true;
    stopped.abort(new Error("The folder is not listened to any more"));
    clearInterval(pollTimer);
    imap.close();
  }
  function failed(thrown: unknown): void {
    if (isOver) return;
    end();
    context.onEnded(causeOf(imap, thrown));
  }
  async function catchUp(): Promise<void> {
    isBusy = true;
    try {
      while (isDue && !isOver) {
        isDue = false;
        cursor = await recordNew(imap, folder, cursor, context);
      }
    } finally {
      isBusy = false;
    }
  }
  function check(): void {
    isDue = true;
    if (!isBusy) catchUp().catch(failed);
  }

  try {
    await imap.mailboxOpen(folder, { readOnly: true });
    imap.on("exists", check);
    imap.on("mailboxOpen", check);
    const first = catchUp();
    await Promise.race([first, setTimeout(context.catchUpMs, undefined, { ref: false })]);
    first.catch(failed);
  } catch (thrown) {
    end();
    throw causeOf(imap, thrown);
  }
  imap.on("close", () => failed(connectionEnded()));
  if (!imap.usable) failed(connectionEnded());
  if (!imap.capabilities.has("IDLE")) {
    pollTimer = setInterval(() => void imap.noop().catch(failed), context.pollMs).unref();
  }
  return { close: end };
}

/** Records new mail in a single pass and returns the new cursor. */
async function recordNew(
  imap: ImapFlow,
  folder: string,
  cursor: Cursor | undefined,
  context: FolderContext,
): Promise<Cursor> {
  const status = imap.mailbox;
  if (!status) throw connectionEnded();
  const { signal } = context.connection;
  const uidValidity = String(status.uidValidity);
  if (cursor && !status.uidValidity && Number(cursor.uidValidity) > 0) throw openedWithoutState();
  if (!cursor) return storeCursor(await endOf(imap, uidValidity, status.uidNext), folder, context);
  if (cursor.uidValidity !== uidValidity) return recordRenumbered(imap, folder, cursor, uidValidity, context);
  let next = cursor;
  const uids = await uidsAbove(imap, cursor.uid);
  const stored = uids.length === 0 ? undefined : await storedTries(folder, context);
  for (const uid of uids) {
    signal.throwIfAborted();
    const mailKey = { folder, uidValidity, uid };
    const fetched = await readOrStepOver(imap, mailKey, stored, context.reader, context.connection);
    if (!fetched) continue;
    next = { uidValidity, uid, newest: Math.max(next.newest, fetched.received?.getTime() ?? 0) };
    await recordMail(fetched, folder, next, next, context);
  }
  return next;
}

/**
 * Handles new uids for all mails (another UIDVALIDITY, RFC 3501 section 2.3.1.1). Compares mail since the newest one by key.
 * The folder's new end is stored only afterwards.
 */
async function recordRenumbered(
  imap: ImapFlow,
  folder: string,
  old: Cursor,
  uidValidity: string,
  context: FolderContext,
): Promise<Cursor> {
  const { signal } = context.connection;
  const end = await endOf(imap, uidValidity, 0);
  let newest = old.newest;
  const stored = await storedTries(folder, context);
  for (const uid of await uidsSince(imap, old.newest)) {
    signal.throwIfAborted();
    const mailKey = { folder, uidValidity, uid };
    const fetched = await readOrStepOver(imap, mailKey, stored, context.reader, context.connection);
    const received = fetched?.received?.getTime() ?? 0;
    if (!fetched || received < old.newest) continue;
    newest = Math.max(newest, received);
    await recordMail(fetched, folder, { uidValidity, uid }, undefined, context);
  }
  return storeCursor({ ...end, newest }, folder, context);
}

async function storedTries(folder: string, { connection }: FolderContext): Promise<string | undefined> {
  return (await connection.state.read())[poisonKey(folder)];
}

async function storeCursor(cursor: Cursor, folder: string, { connection }: FolderContext): Promise<Cursor> {
  await connection.state.write(folderStateKey(folder), formatCursor(cursor));
  return cursor;
}

async function recordMail(
  fetched: FetchedMail,
  folder: string,
  { uid, uidValidity }: Pick<Cursor, "uid" | "uidValidity">,
  cursor: Cursor | undefined,
  { connection, inspect }: FolderContext,
): Promise<void> {
  connection.signal.throwIfAborted();
  const additions = await inspect(fetched);
  const mail = await inThread(fetched.mail, connection.state);
  const inbound = inboundMailEvent(mail, {
    key: mailKey(fetched.traits, `${folder}:${uidValidity}:${uid}`),
    account: connection.address,
    ...(fetched.received ? { received: fetched.received } : {}),
    ...(cursor ? { state: { name: folderStateKey(folder), value: formatCursor(cursor) } } : {}),
  });
  const object = { ...inbound.event.object, ...additions, folder, uid, uidValidity };
  await connection.record({ ...inbound, event: { ...inbound.event, object } });
}

/** Returns the folder's current end as a cursor. */
async function endOf(imap: ImapFlow, uidValidity: string, uidNext: number): Promise<Cursor> {
  const last = await imap.fetchOne("*", { uid: true, internalDate: true });
  const newest = last ? (validDate(last.internalDate)?.getTime() ?? 0) + 1_000 : 0;
  return { uidValidity, uid: Math.max((uidNext || 1) - 1, last ? last.uid : 0), newest };
}

/**
 * Returns the uids above `uid`, ascending. `N:*` includes the last mail even below N (RFC 3501 section 6.4.8). Nothing found is
 * compared with the folder's last mail, since a server in trouble may answer OK without a result.
 */
async function uidsAbove(imap: ImapFlow, uid: number): Promise<readonly number[]> {
  for (let tries = 0; tries < MAX_SEARCHES; tries += 1) {
    const uids = (await searchUids(imap, { uid: `${uid + 1}:*` })).filter((candidate) => candidate > uid);
    const last = uids.length === 0 ? await imap.fetchOne("*", { uid: true }) : false;
    if (last === false || last.uid <= uid) return uids;
  }
  const detail = "The mailbox's server has later mails that its search does not find.";
  throw new Failure({ kind: "retryable", code: "platform-protocol-error", detail });
}

/** Returns the uids of mail since that day. SEARCH knows only days, in the server's own time zone. */
async function uidsSince(imap: ImapFlow, sinceMs: number): Promise<readonly number[]> {
  const day = new Date(Math.max(sinceMs - 86_400_000, 0));
  return (await searchUids(imap, { since: day })).slice(-MAX_RENUMBERED);
}

/** Makes the failure for a server that says nothing of an opened folder. Its mails are not new all at once. */
function openedWithoutState(): Failure {
  const detail = "The mailbox's server opened the folder without its UIDVALIDITY.";
  return new Failure({ kind: "retryable", code: "platform-protocol-error", detail });
}

function connectionEnded(): Error {
  return Object.assign(new Error("The mailbox's server ended the connection"), { code: "NoConnection" });
}
