import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { FairSemaphore } from "../../../platform/kit/semaphore.ts";
import { openPop3, type Pop3, type Pop3Way } from "../client/pop3/client.ts";
import { isRefusal } from "../client/pop3/errors.ts";
import { type MailReader, MOST_MAIL_BYTES, mailArrival } from "./mail.ts";
import type { ArrivedMail } from "./mail-schema.ts";
import { type Pop3Trouble, pop3Trouble } from "./pop3-poison.ts";
import { type Pop3Place, type Pop3Seen, pop3Place, pop3Seen } from "./pop3-seen.ts";

/** What polling a mailbox takes beyond its way. */
export interface Pop3Settings {
  readonly way: Pop3Way;
  readonly reader: MailReader;
  /** Shared by all accounts of a process: large mails are fetched a few at a time, since they are in memory meanwhile. */
  readonly large: FairSemaphore;
  /** Deletes each mail from the server once it was handed over. */
  readonly deleteAfter: boolean;
  /** Between two polls; default, and for users at least, a minute. */
  readonly pollMs?: number | undefined;
  /** Tells what a mail means beyond being one, before it arrives; what it returns is added to the arrival's object. */
  readonly inspect: (read: Pop3Mail) => Promise<Readonly<Record<string, unknown>>>;
}

/** A mail that was read from a mailbox. */
export interface Pop3Mail {
  readonly source: Buffer;
  readonly mail: ArrivedMail;
}

type PolledHold = Pick<
  ConnectionContext<unknown>,
  "address" | "record" | "state" | "signal" | "onDisconnected" | "log"
>;

const POLL_MS = 60_000;
/** Servers may ask for less frequent logins (RFC 2449 section 6.5), up to this. */
const LONGEST_POLL_MS = 3_600_000;
/** New mails in one session: a mailbox is locked for its owner's other programs as long as a session lasts. */
const MOST_AT_ONCE = 200;
/** Lines of the text that are read of a mail that is larger than a mail may be. */
const LINES_OF_LARGE = 200;
/** Larger mails take a turn, see `Pop3Settings.large`. */
const SMALL = 1024 * 1024;

/** How one poll ended: whether more is waiting, what the list was, and how often the server wants to be asked. */
interface Polled {
  readonly more: boolean;
  /** Undefined where the same list has to be looked at again. */
  readonly list: string | undefined;
  readonly delayMs: number;
}

/**
 * Polls a mailbox: what is there the first time is only remembered, then each new mail arrives once. Resolves when the first
 * poll is over; one that fails later is told to `hold.lost`, and polling has ended then.
 */
export async function holdPop3(context: PolledHold, settings: Pop3Settings): Promise<{ readonly close: () => void }> {
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const pollMs = settings.pollMs ?? POLL_MS;
  let last = await poll(context, settings, undefined, signal);

  async function goOn(): Promise<void> {
    for (;;) {
      // Spread out, so that a process's mailboxes don't all ask at once for ever.
      const wait = Math.max(last.more ? 0 : pollMs, last.delayMs) * (1 + Math.random() / 10);
      await pause(wait, undefined, { signal });
      last = await poll(context, settings, last.list, signal);
    }
  }
  goOn().catch((thrown: unknown) => {
    if (!signal.aborted) context.onDisconnected(thrown);
  });
  return { close: () => over.abort() };
}

async function poll(
  context: PolledHold,
  settings: Pop3Settings,
  known: string | undefined,
  signal: AbortSignal,
): Promise<Polled> {
  const pop3 = await openPop3(settings.way, signal);
  try {
    const delay = Number(/^\d{1,6}/.exec(pop3.capabilities.get("LOGIN-DELAY") ?? "")?.[0] ?? 0);
    const delayMs = Math.min(delay * 1_000, LONGEST_POLL_MS);
    const uidls = await pop3.uidl();
    const list = createHash("sha256")
      .update(JSON.stringify([...uidls]))
      .digest("base64");
    const left = list === known ? "nothing" : await news(pop3, uidls, context, settings, signal);
    await pop3.quit();
    return { more: left === "more", list: left === "nothing" ? list : undefined, delayMs };
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    pop3.close();
  }
}

interface Listed {
  readonly number: number;
  readonly uidl: string;
  readonly place: Pop3Place;
}

/** Hands over what is new; "something" stays where the server would not give a mail, or has mails to delete. */
async function news(
  pop3: Pop3,
  uidls: ReadonlyMap<number, string>,
  context: PolledHold,
  settings: Pop3Settings,
  signal: AbortSignal,
): Promise<"nothing" | "something" | "more"> {
  const listed = await placed(uidls);
  const mailbox = identityOf(settings.way);
  const notes = await context.state.read();
  const seen = pop3Seen(notes, mailbox);
  if (!seen.begun) {
    for (const { name, value } of seen.begin(listed.map(({ place }) => place))) await context.state.write(name, value);
    return "nothing";
  }
  const keys = new Set(listed.map(({ place }) => place.key));
  const fresh = listed.filter(({ place }) => seen.of(place) === undefined);
  const sizes = fresh.length === 0 ? new Map<number, number>() : await pop3.list();
  const session = { pop3, hold: context, settings, signal, seen, keys, mailbox, trouble: pop3Trouble(notes, context) };
  let refused = false;
  for (const mail of fresh.slice(0, MOST_AT_ONCE)) {
    const size = sizes.get(mail.number) ?? 0;
    const done =
      size > SMALL ? await inTurn(session, () => handOver(session, mail, size)) : await handOver(session, mail, size);
    refused ||= !done;
  }
  const deleted = settings.deleteAfter ? await deleteHanded(session, listed) : 0;
  if (fresh.length > MOST_AT_ONCE) return "more";
  return refused || deleted > 0 ? "something" : "nothing";
}

interface Session {
  readonly pop3: Pop3;
  readonly hold: PolledHold;
  readonly settings: Pop3Settings;
  readonly signal: AbortSignal;
  readonly seen: Pop3Seen;
  readonly keys: ReadonlySet<string>;
  readonly mailbox: string;
  readonly trouble: Pop3Trouble;
}

/** Reads one mail and hands it over; false where the server would not give it: the others are not to wait for it. */
async function handOver(session: Session, listed: Listed, size: number): Promise<boolean> {
  const { hold: context, settings, signal, seen, keys, mailbox, trouble } = session;
  const { uidl, place } = listed;
  signal.throwIfAborted();
  // A server that lists an id twice has one mail of it.
  if (seen.of(place) !== undefined) return true;
  const given = trouble.enough(place) ? NOTHING : await fetched(session, listed, size);
  if (!given) return false;
  const read = await settings.reader.read(given.bytes, signal);
  const mail: ArrivedMail = given.cut ? { ...read, object: { ...read.object, truncated: true } } : read;
  const more = await settings.inspect({ source: given.bytes, mail });
  const arrival = mailArrival(mail, {
    key: `pop3:${mailbox}:${uidl}`,
    account: context.address,
    note: seen.hand(place, keys, given.cut ? "found" : "handed"),
  });
  await context.record({ ...arrival, event: { ...arrival.event, object: { ...arrival.event.object, ...more } } });
  return true;
}

async function inTurn<T>({ settings: { large }, signal }: Session, work: () => Promise<T>): Promise<T> {
  await large.acquire(signal);
  try {
    return await work();
  } finally {
    large.release();
  }
}

/** A mail's bytes, and whether there are more of it. */
interface Given {
  readonly bytes: Buffer;
  readonly cut: boolean;
}
const NOTHING: Given = { bytes: Buffer.alloc(0), cut: true };

/** Undefined where the server refuses; where only a large mail's beginning is refused, nothing of it is what there is. */
async function fetched(
  { pop3, hold: context, trouble }: Session,
  { number, place }: Listed,
  size: number,
): Promise<Given | undefined> {
  const whole = size <= MOST_MAIL_BYTES;
  try {
    const { bytes, size: real } = whole
      ? await pop3.retr(number, MOST_MAIL_BYTES)
      : await pop3.top(number, LINES_OF_LARGE, MOST_MAIL_BYTES);
    return { bytes, cut: !whole || real > bytes.length };
  } catch (thrown) {
    if (!isRefusal(thrown)) {
      if (!context.signal.aborted) await trouble.count(place);
      throw thrown;
    }
    if (!whole) return NOTHING;
    context.log.warn(
      { platform: "email", platformCode: thrown.platformCode },
      "A server does not give one of its mails",
    );
    return undefined;
  }
}

/** Marks what was handed over, now or in a session that ended before its QUIT. */
async function deleteHanded({ pop3, seen, hold: context }: Session, listed: readonly Listed[]): Promise<number> {
  const handed = listed.filter(({ place }) => seen.of(place) === "handed");
  try {
    for (const { number } of handed) await pop3.dele(number);
    return handed.length;
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    context.log.warn(
      { platform: "email", platformCode: thrown.platformCode },
      "A server does not delete mails that arrived",
    );
    return 0;
  }
}

/** Where each UIDL belongs, in steps: a hundred thousand hashes at once would stop everything else. */
async function placed(uidls: ReadonlyMap<number, string>): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  for (const [number, uidl] of uidls) {
    listed.push({ number, uidl, place: pop3Place(uidl) });
    if (listed.length % 1_000 === 0) await pause(0);
  }
  return listed;
}

/** Another server or user has other mails: what was seen there says nothing here. */
function identityOf({ host, login }: Pop3Way): string {
  return createHash("sha256").update(`${host.toLowerCase()}\n${login.user}`).digest("hex").slice(0, 16);
}
