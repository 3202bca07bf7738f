import { Failure } from "../../../model/failure.ts";
import { type ArchivePage, readPage } from "../client/archive.ts";
import { formatCursor, isOfArchive, parseCursor } from "../client/archive-cursor.ts";
import { type Client, identityOf } from "../client/client.ts";
import { archiveSilent, noResponse } from "../errors.ts";
import { type ArchiveStart, findPosition } from "./archive-position.ts";
import { mapSafely } from "./map-safely.ts";
import { inboundMessage } from "./message.ts";
import { retryLater } from "./retry-later.ts";

const PAGE_SIZE = 100;
/** Cursor of an archive that was empty: all messages found later are new. */
const EMPTY_ARCHIVE = "";

/** Conditions by which a server says that there is no archive. */
const NO_ARCHIVE: ReadonlySet<unknown> = new Set([
  "service-unavailable",
  "feature-not-implemented",
  "item-not-found",
  "not-allowed",
  "forbidden",
  "bad-request",
]);

/** Result of reading an archive: read, no archive there, or no answer yet. */
export type ArchiveResult = "read" | "none" | "later";

/**
 * Reads an archive as `catchUp` does. An archive that does not answer is read later, while the account is online. The
 * account's own archive is read a second time in any case: servers archive a message after they have looked for a session to
 * deliver to, so that a message at the moment of the login is neither delivered nor in the archive yet. Until then live
 * messages leave the cursor where it is.
 */
export async function readArchive(
  client: Client,
  state: Readonly<Record<string, string>>,
  room: string | undefined,
): Promise<ArchiveResult> {
  const { context, status } = client;
  const name = room ?? "";
  const key = keyOf(room);
  status.pendingArchives.add(name);
  // A break before the archive answers for the first time must not lose what arrives meanwhile.
  if (state[key] === undefined) await context.state.write(key, formatCursor({ time: now(), digests: [] }));
  const result = await catchUp(client, state, room);
  if (result === "none") await forgetAccountArchive(client, room);
  if (result === "later") context.log.info({ room }, "archive does not answer; missed messages follow when it does");
  if (result === "later" || (result === "read" && room === undefined)) readAgain(client, room);
  else status.pendingArchives.delete(name);
  return result;
}

/** Reads an archive again after a while, until the archive answers. */
function readAgain(client: Client, room: string | undefined): void {
  const { context, status } = client;
  let isReported = false;
  retryLater(client, async () => {
    const state = await context.state.read();
    const again = room !== undefined && isForgotten(state, room) ? "none" : await catchUp(client, state, room);
    if (again === "later") {
      if (!isReported) await context.reportProblem(archiveSilent(room));
      isReported = true;
      return false;
    }
    if (again === "none") await forgetAccountArchive(client, room);
    status.pendingArchives.delete(room ?? "");
    if (room === undefined) status.hasArchive = again === "read";
    if (isReported) await context.reportProblem(undefined);
    return true;
  });
}

/** Removes the cursor of an account without an archive. An archive that is added later is read from its end. */
async function forgetAccountArchive({ context }: Client, room: string | undefined): Promise<void> {
  if (room === undefined) await context.state.write(keyOf(room), undefined);
}

/**
 * Records the messages archived since the stored cursor, of the account or a room. The first call only stores a cursor at
 * the archive's end.
 */
async function catchUp(
  client: Client,
  state: Readonly<Record<string, string>>,
  room: string | undefined,
): Promise<ArchiveResult> {
  const stored = state[keyOf(room)];
  try {
    await readSince(client, room, stored);
    return "read";
  } catch (thrown) {
    if (client.stream.isEnded()) throw thrown;
    const result = withoutArchive(thrown);
    // An archive that was read before is asked again: without it, messages of now would come twice when it is back.
    return result === "none" && isOfArchive(stored) ? "later" : result;
  }
}

/** Returns the meaning of an error of an archive. Throws errors that are no answer of the archive. */
function withoutArchive(thrown: unknown): ArchiveResult {
  if (thrown instanceof Failure && thrown.code === "platform-timeout") return "later";
  const condition = conditionOf(thrown);
  if (condition === undefined) throw thrown;
  return NO_ARCHIVE.has(condition) ? "none" : "later";
}

function conditionOf(thrown: unknown): unknown {
  const { name, condition } = thrown as { readonly name?: unknown; readonly condition?: unknown };
  return name === "StanzaError" ? condition : undefined;
}

/** Reads from a cursor. An archive that no longer knows the cursor's id is read by time, from the last known message on. */
async function readSince(client: Client, room: string | undefined, stored: string | undefined): Promise<void> {
  if (stored === undefined) return storeEnd(client, room);
  const cursor = parseCursor(stored);
  if (cursor.id !== undefined) {
    try {
      return await readFrom(client, room, cursor.id === EMPTY_ARCHIVE ? {} : { after: cursor.id });
    } catch (thrown) {
      if (conditionOf(thrown) !== "item-not-found" || cursor.id === EMPTY_ARCHIVE) throw thrown;
      client.context.log.info({ room }, "archive has forgotten the last known message; reading by time");
    }
  }
  await readFrom(client, room, await findPosition(client, room, cursor));
}

async function storeEnd(client: Client, room: string | undefined): Promise<void> {
  const { last } = await readPage(client, { ...archiveOf(room), before: "", max: 1 });
  const cursor = formatCursor({ id: last ?? EMPTY_ARCHIVE, time: now(), digests: [] });
  await client.context.state.write(keyOf(room), cursor);
}

async function readFrom(client: Client, room: string | undefined, start: ArchiveStart): Promise<void> {
  let position = start;
  for (;;) {
    const page = await readPage(client, { ...archiveOf(room), ...position, max: PAGE_SIZE });
    await recordPage(client, room, page);
    if (page.complete || page.last === undefined || page.last === position.after) return;
    position = { ...position, after: page.last };
  }
}

/** Records each event together with the cursor. Messages without an event move the cursor as well. */
async function recordPage(client: Client, room: string | undefined, { items, last }: ArchivePage): Promise<void> {
  let recorded: string | undefined;
  for (const { id, stamp, message } of items) {
    // A room that the account is out of at the moment maps no messages: the cursor has to stay.
    if (room !== undefined && !client.rooms.has(room)) throw noResponse();
    const result = mapSafely(client, () => inboundMessage(message, identityOf(client), { id, stamp }));
    await client.record(result);
    if (result.events && result.events.length > 0) recorded = id;
  }
  if (last === undefined || last === recorded) return;
  const digests = client.memory.recent(room ?? "").digests();
  const cursor = formatCursor({ id: last, time: items.at(-1)?.stamp ?? now(), digests });
  await client.context.state.write(keyOf(room), cursor);
}

/** Tells whether the account has left a room for good. */
const isForgotten = (state: Readonly<Record<string, string>>, room: string): boolean =>
  state[`room ${room}`] === undefined;
const keyOf = (room: string | undefined): string => (room === undefined ? "archive" : `archive ${room}`);
const now = (): string => new Date().toISOString();

function archiveOf(room: string | undefined): { readonly room?: string } {
  return room === undefined ? {} : { room };
}
