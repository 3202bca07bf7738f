import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { FairSemaphore } from "../../../platform/kit/semaphore.ts";
import { openPop3, type Pop3Client, type Pop3Endpoint } from "../client/pop3/client.ts";
import { isRefusal } from "../client/pop3/errors.ts";
import type { InboundMail } from "../schemas/inbound-mail.ts";
import { inboundMailEvent } from "./mail-event.ts";
import { MAX_MAIL_BYTES, type MailReader } from "./mail-reader.ts";
import { inThread } from "./mail-threads.ts";
import { type ListedMail, listMails } from "./pop3-listing.ts";
import { type PoisonedMail, poisonedMail, type RefusedMails, refusedMails } from "./pop3-poison.ts";
import { type Pop3Seen, pop3Seen } from "./pop3-seen.ts";
import { unreadableMail } from "./unreadable-mail.ts";

/** Options for polling a mailbox. */
export interface Pop3Settings {
  readonly endpoint: Pop3Endpoint;
  readonly reader: MailReader;
  /** Limits the large mails in memory; shared by all accounts of a process. */
  readonly largeMails: FairSemaphore;
  /** Deletes each mail from the server once the event is recorded. */
  readonly deleteAfter: boolean;
  /** Interval between two polls; default, and for users at least, a minute. */
  readonly pollMs?: number | undefined;
  /** Examines a mail before it is recorded; the result is added to the event's object. */
  readonly inspect: (fetched: Pop3Mail) => Promise<Readonly<Record<string, unknown>>>;
}

/** A mail that was read from a mailbox. */
export interface Pop3Mail {
  readonly source: Buffer;
  readonly mail: InboundMail;
}

type Pop3Connection = Pick<
  ConnectionContext<unknown>,
  "app" | "address" | "record" | "state" | "signal" | "onDisconnected" | "log"
>;

const POLL_MS = 60_000;
/** Longest poll interval that a server may demand by LOGIN-DELAY (RFC 2449 section 6.5). */
const MAX_POLL_MS = 3_600_000;
/** New mails in a session: a session locks the mailbox for its owner's other programs. */
const MAX_PER_SESSION = 200;
/** Body lines that are read of a mail beyond the size limit. */
const LINES_OF_LARGE = 200;
/** Larger mails are limited by `Pop3Settings.largeMails`. */
const MAX_SMALL_BYTES = 1024 * 1024;

/** Result of a poll. */
interface PollOutcome {
  /** True when more new mail is waiting. */
  readonly hasMore: boolean;
  /** Hash of the mailbox's list; undefined where the same list has to be examined again. */
  readonly list: string | undefined;
  /** Poll interval that the server demands. */
  readonly delayMs: number;
}

/**
 * Polls a mailbox. The first poll only stores what is there; then each new mail is recorded once. Resolves after the first
 * poll; the error of a later poll goes to `onDisconnected` and ends polling.
 */
export async function pollPop3(
  connection: Pop3Connection,
  settings: Pop3Settings,
): Promise<{ readonly close: () => void }> {
  const closed = new AbortController();
  const signal = AbortSignal.any([connection.signal, closed.signal]);
  const pollMs = settings.pollMs ?? POLL_MS;
  let last = await poll(connection, settings, undefined, signal);

  async function pollOn(): Promise<void> {
    for (;;) {
      // Random spread, so that a process's mailboxes are not all polled at the same moment.
      const waitMs = Math.max(last.hasMore ? 0 : pollMs, last.delayMs) * (1 + Math.random() / 10);
      await sleep(waitMs, undefined, { signal });
      last = await poll(connection, settings, last.list, signal);
    }
  }
  pollOn().catch((thrown: unknown) => {
    if (!signal.aborted) connection.onDisconnected(thrown);
  });
  return { close: () => closed.abort() };
}

async function poll(
  connection: Pop3Connection,
  settings: Pop3Settings,
  knownList: string | undefined,
  signal: AbortSignal,
): Promise<PollOutcome> {
  const pop3 = await openPop3(settings.endpoint, signal);
  try {
    const delay = Number(/^\d{1,6}/.exec(pop3.capabilities.get("LOGIN-DELAY") ?? "")?.[0] ?? 0);
    const delayMs = Math.min(delay * 1_000, MAX_POLL_MS);
    const uidls = await pop3.uidl();
    const list = createHash("sha256")
      .update(JSON.stringify([...uidls]))
      .digest("base64");
    const remaining = list === knownList ? "nothing" : await recordNew(pop3, uidls, connection, settings, signal);
    await pop3.quit();
    return { hasMore: remaining === "more", list: remaining === "nothing" ? list : undefined, delayMs };
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    pop3.close();
  }
}

/** Records new mail; returns "something" when a mail was refused or mails were deleted. */
async function recordNew(
  pop3: Pop3Client,
  uidls: ReadonlyMap<number, string>,
  connection: Pop3Connection,
  settings: Pop3Settings,
  signal: AbortSignal,
): Promise<"nothing" | "something" | "more"> {
  const listed = await listMails(uidls);
  const mailbox = identityOf(settings.endpoint);
  const state = await connection.state.read();
  const seen = pop3Seen(state, mailbox);
  if (!seen.hasBegun) {
    const items = seen.begin(listed.map(({ entry }) => entry));
    for (const { name, value } of items) await connection.state.write(name, value);
    return "nothing";
  }
  const keys = new Set(listed.map(({ entry }) => entry.key));
  const fresh = listed.filter(({ entry }) => seen.statusOf(entry) === undefined);
  const sizes = fresh.length === 0 ? new Map<number, number>() : await pop3.list();
  const poisoned = poisonedMail(state, connection);
  const refused = refusedMails(state, connection);
  const contents = new Set<string>();
  const session = { pop3, connection, settings, signal, seen, keys, mailbox, poisoned, refused, contents };
  let hasRefused = false;
  for (const mail of fresh.slice(0, MAX_PER_SESSION)) {
    const size = sizes.get(mail.number) ?? 0;
    const isDone =
      size > MAX_SMALL_BYTES
        ? await withLargeMailSlot(session, () => recordMail(session, mail, size))
        : await recordMail(session, mail, size);
    hasRefused ||= !isDone;
  }
  const deleted = settings.deleteAfter ? await deleteRecorded(session, listed) : 0;
  if (fresh.length > MAX_PER_SESSION) return "more";
  return hasRefused || deleted > 0 ? "something" : "nothing";
}

interface Session {
  readonly pop3: Pop3Client;
  readonly connection: Pop3Connection;
  readonly settings: Pop3Settings;
  readonly signal: AbortSignal;
  readonly seen: Pop3Seen;
  readonly keys: ReadonlySet<string>;
  readonly mailbox: string;
  readonly poisoned: PoisonedMail;
  readonly refused: RefusedMails;
  /** UIDL and hash of each mail that this session fetched. */
  readonly contents: Set<string>;
}

/** Reads and records a mail. False when the server refused it, so that the other mails do not wait. */
async function recordMail(session: Session, listed: ListedMail, size: number): Promise<boolean> {
  const { connection, settings, signal, seen, keys, mailbox, poisoned } = session;
  const { uidl, copy, entry } = listed;
  signal.throwIfAborted();
  if (seen.statusOf(entry) !== undefined) return true;
  const content = poisoned.shouldSkip(entry) ? NO_CONTENT : await fetchContent(session, listed, size);
  if (!content) return false;
  const hash = createHash("sha256").update(content.bytes).digest("hex").slice(0, 32);
  if (content.bytes.length > 0 && isRepeated(session, listed, hash)) {
    const { name, value } = seen.markHanded(entry, keys);
    await connection.state.write(name, value);
    return true;
  }
  const mail = await inThread(await mailOf(content, size, session), connection.state);
  const additions = await settings.inspect({ source: content.bytes, mail });
  const inbound = inboundMailEvent(mail, {
    key: `pop3:${mailbox}:${uidl}${copy === 1 ? "" : `:${hash}`}`,
    account: connection.address,
    state: seen.markHanded(entry, keys, content.isCut ? "found" : "handed"),
  });
  await connection.record({
    ...inbound,
    event: { ...inbound.event, object: { ...inbound.event.object, ...additions } },
  });
  return true;
}

/** Tells whether a server lists a mail twice. Mails that differ are two mails, also under the same UIDL. */
function isRepeated({ contents }: Session, { uidl }: ListedMail, hash: string): boolean {
  const before = contents.size;
  return contents.add(`${uidl} ${hash}`).size === before;
}

async function mailOf(
  { bytes, isCut }: MailContent,
  size: number,
  { settings: { reader }, signal, connection }: Session,
): Promise<InboundMail> {
  if (bytes.length === 0 && isCut) {
    connection.log.warn({ platform: "email", size }, "mail could not be read; stepped over");
    return unreadableMail(UNREADABLE, "It stays in the mailbox.", size === 0 ? undefined : size);
  }
  const parsed = await reader.read(bytes, signal);
  return isCut ? { ...parsed, object: { ...parsed.object, truncated: true } } : parsed;
}

const UNREADABLE = "the server refuses it, or ends the connection over it";

async function withLargeMailSlot<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const { settings, signal, connection } = session;
  await settings.largeMails.acquire(signal, connection.app);
  try {
    return await work();
  } finally {
    settings.largeMails.release(connection.app);
  }
}

/** A mail's bytes; `isCut` when the mail has more of them. */
interface MailContent {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}
const NO_CONTENT: MailContent = { bytes: Buffer.alloc(0), isCut: true };

/** Fetches a mail; undefined when the server refuses. A large mail whose beginning is refused has no content. */
async function fetchContent(
  { pop3, connection, poisoned, refused }: Session,
  { number, entry }: ListedMail,
  size: number,
): Promise<MailContent | undefined> {
  const isWhole = size <= MAX_MAIL_BYTES;
  try {
    const { bytes, size: actualSize } = isWhole
      ? await pop3.retr(number, MAX_MAIL_BYTES)
      : await pop3.top(number, LINES_OF_LARGE, MAX_MAIL_BYTES);
    return { bytes, isCut: !isWhole || actualSize > bytes.length };
  } catch (thrown) {
    if (!isRefusal(thrown)) {
      if (!connection.signal.aborted) await poisoned.count(entry);
      throw thrown;
    }
    if (!isWhole || (await refused.count(entry))) return NO_CONTENT;
    const { platformCode } = thrown;
    connection.log.info({ platform: "email", platformCode }, "POP3 server refuses to send a mail; trying again later");
    return undefined;
  }
}

/** Deletes the recorded mails of this session, and of sessions that ended before their QUIT. */
async function deleteRecorded({ pop3, seen, connection }: Session, listed: readonly ListedMail[]): Promise<number> {
  const recorded = listed.filter(({ entry }) => seen.statusOf(entry) === "handed");
  try {
    for (const { number } of recorded) await pop3.dele(number);
    return recorded.length;
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    const { platformCode } = thrown;
    connection.log.warn({ platform: "email", platformCode }, "POP3 server refuses to delete recorded mails");
    return 0;
  }
}

/** Identifies a mailbox by server and user: another mailbox has other mails. */
function identityOf({ host, login }: Pop3Endpoint): string {
  return createHash("sha256").update(`${host.toLowerCase()}\n${login.user}`).digest("hex").slice(0, 16);
}
