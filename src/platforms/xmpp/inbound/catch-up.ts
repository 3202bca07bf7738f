import { type Page, page } from "../client/archive.ts";
import { type Client, meaning, meOf } from "../client/client.ts";
import { messageIn } from "./message.ts";

const PAGE = 100;
/** What of a cursor says that nothing was archived when it was taken: all that is there later is new. */
const EMPTY = "";

/**
 * Brings what an archive got since its note, own or a room's; the first time it only notes where the archive ends.
 * Answers false where there is no archive.
 */
export async function catchUp(
  client: Client,
  notes: Readonly<Record<string, string>>,
  room: string | undefined,
): Promise<boolean> {
  const name = room === undefined ? "archive" : `archive ${room}`;
  const kept = notes[name];
  try {
    if (kept === undefined || kept.startsWith("@")) await noteEnd(client, name, room);
    else await readOn(client, name, room, kept);
    return true;
  } catch (thrown) {
    const { name: kind, condition } = thrown as { readonly name?: unknown; readonly condition?: unknown };
    if (kind !== "StanzaError") throw thrown;
    // What the note names is no longer kept, so that all that is kept came after it.
    if (condition === "item-not-found" && kept) {
      await readOn(client, name, room, EMPTY);
      return true;
    }
    return false;
  }
}

async function noteEnd(client: Client, name: string, room: string | undefined): Promise<void> {
  const { last } = await page(archive(client), { ...from(room), before: "", max: 1 });
  await client.hold.state.write(name, last ?? EMPTY);
}

async function readOn(client: Client, name: string, room: string | undefined, kept: string): Promise<void> {
  let after = kept;
  for (;;) {
    const found = await page(archive(client), { ...from(room), ...(after === EMPTY ? {} : { after }), max: PAGE });
    await bringPage(client, name, found);
    if (found.complete || found.last === undefined || found.last === after) return;
    after = found.last;
  }
}

/** Each arrival is stored together with how far the archive was read; what says nothing moves the note as well. */
async function bringPage(client: Client, name: string, { items, last }: Page): Promise<void> {
  const { hold: context } = client;
  let noted: string | undefined;
  for (const { id, stamp, message } of items) {
    const brought = meaning(client, () => messageIn(message, meOf(client), { id, stamp }));
    await client.bring(brought);
    if (brought.arrival) noted = id;
  }
  if (last !== undefined && last !== noted) await context.state.write(name, last);
}

function archive({ stream, me, watch }: Client) {
  return { stream, me, watch };
}

function from(room: string | undefined): { readonly room?: string } {
  return room === undefined ? {} : { room };
}
