import { Failure } from "../../../model/failure.ts";
import { type ArchivePage, readPage } from "../client/archive.ts";
import { type Client, identityOf } from "../client/client.ts";
import { archiveSilent } from "../errors.ts";
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

/** Reads an archive as `catchUp` does. An archive that does not answer is read later, while the account is online. */
export async function readArchive(
  client: Client,
  state: Readonly<Record<string, string>>,
  room: string | undefined,
): Promise<ArchiveResult> {
  const { context, status } = client;
  const name = room ?? "";
  status.pendingArchives.add(name);
  const result = await catchUp(client, state, room);
  if (result === "later") {
    context.log.info({ room }, "archive does not answer; missed messages follow when it does");
    let isReported = false;
    retryLater(client, async () => {
      const again = await catchUp(client, await context.state.read(), room);
      if (again === "later") {
        if (!isReported) await context.reportProblem(archiveSilent(room));
        isReported = true;
        return false;
      }
      status.pendingArchives.delete(name);
      if (room === undefined) status.hasArchive = again === "read";
      if (isReported) await context.reportProblem(undefined);
      return true;
    });
  } else status.pendingArchives.delete(name);
  return result;
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
  const key = room === undefined ? "archive" : `archive ${room}`;
  const cursor = state[key];
  try {
    if (cursor === undefined || cursor.startsWith("@")) await storeEnd(client, key, room);
    else await readFrom(client, key, room, cursor);
    return "read";
  } catch (thrown) {
    if (client.stream.isEnded()) throw thrown;
    // The message at the cursor has expired from the archive, so all remaining messages came after.
    if (conditionOf(thrown) === "item-not-found" && cursor) {
      await readFrom(client, key, room, EMPTY_ARCHIVE);
      return "read";
    }
    const result = withoutArchive(thrown);
    // An archive that was read before is asked again: without it, messages of now would come twice when it is back.
    const wasRead = cursor !== undefined && !cursor.startsWith("@");
    return result === "none" && wasRead ? "later" : result;
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

async function storeEnd(client: Client, key: string, room: string | undefined): Promise<void> {
  const { last } = await readPage(client, { ...archiveOf(room), before: "", max: 1 });
  await client.context.state.write(key, last ?? EMPTY_ARCHIVE);
}

async function readFrom(client: Client, key: string, room: string | undefined, cursor: string): Promise<void> {
  let after = cursor;
  for (;;) {
    const page = await readPage(client, {
      ...archiveOf(room),
      ...(after === EMPTY_ARCHIVE ? {} : { after }),
      max: PAGE_SIZE,
    });
    await recordPage(client, key, page);
    if (page.complete || page.last === undefined || page.last === after) return;
    after = page.last;
  }
}

/** Records each event together with the cursor. Messages without an event move the cursor as well. */
async function recordPage(client: Client, key: string, { items, last }: ArchivePage): Promise<void> {
  let recorded: string | undefined;
  for (const { id, stamp, message } of items) {
    const result = mapSafely(client, () => inboundMessage(message, identityOf(client), { id, stamp }));
    await client.record(result);
    if (result.events && result.events.length > 0) recorded = id;
  }
  if (last !== undefined && last !== recorded) await client.context.state.write(key, last);
}

function archiveOf(room: string | undefined): { readonly room?: string } {
  return room === undefined ? {} : { room };
}
