import { type ArchivePage, readPage } from "../client/archive.ts";
import { type Client, identityOf } from "../client/client.ts";
import { mapSafely } from "./map-safely.ts";
import { inboundMessage } from "./message.ts";

const PAGE_SIZE = 100;
/** Cursor of an archive that was empty: all messages found later are new. */
const EMPTY_ARCHIVE = "";

/**
 * Records the messages archived since the stored cursor, of the account or a room. The first call only stores a cursor at
 * the archive's end. Returns false where there is no archive.
 */
export async function catchUp(
  client: Client,
  state: Readonly<Record<string, string>>,
  room: string | undefined,
): Promise<boolean> {
  const key = room === undefined ? "archive" : `archive ${room}`;
  const cursor = state[key];
  try {
    if (cursor === undefined || cursor.startsWith("@")) await storeEnd(client, key, room);
    else await readFrom(client, key, room, cursor);
    return true;
  } catch (thrown) {
    const { name, condition } = thrown as { readonly name?: unknown; readonly condition?: unknown };
    if (name !== "StanzaError") throw thrown;
    // The message at the cursor has expired from the archive, so all remaining messages came after.
    if (condition === "item-not-found" && cursor) {
      await readFrom(client, key, room, EMPTY_ARCHIVE);
      return true;
    }
    return false;
  }
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
