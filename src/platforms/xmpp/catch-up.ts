import { page } from "./archive.ts";
import { messageIn } from "./message-in.ts";
import type { Client } from "./session.ts";

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
  await client.hold.notes.write(name, last ?? EMPTY);
}

async function readOn(client: Client, name: string, room: string | undefined, kept: string): Promise<void> {
  const { hold, rooms } = client;
  const me = { bare: client.me, address: hold.address, prefix: client.prefix, rooms };
  let after = kept;
  for (;;) {
    const found = await page(archive(client), { ...from(room), ...(after === EMPTY ? {} : { after }), max: PAGE });
    let noted = after;
    for (const { id, stamp, message } of found.items) {
      const { arrival, report } = messageIn(message, me, { id, stamp });
      if (report) await hold.report(report);
      if (!arrival) continue;
      await hold.arrive(arrival);
      noted = id;
    }
    if (found.last !== undefined && found.last !== noted) await hold.notes.write(name, found.last);
    if (found.complete || found.last === undefined || found.last === after) return;
    after = found.last;
  }
}

function archive({ stream, me, watch }: Client) {
  return { stream, me, watch };
}

function from(room: string | undefined): { readonly room?: string } {
  return room === undefined ? {} : { room };
}
