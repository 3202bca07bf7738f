import { readPage } from "../client/archive.ts";
import { type Client, unlessRefused } from "../client/client.ts";
import { attr } from "../client/stanza.ts";

/** Ids that this gateway gave to messages. */
const OWN_ID = /^[0-9A-HJKMNP-TV-Z]{26}(\.\d+)?$/;
/** Pages of the archive searched for a message, newest first. */
const MAX_PAGES = 3;
const PAGE_SIZE = 100;

/** Returns the sender's id of a room's message, given the room's id. Searches memory, then the archive. */
export async function senderIdOf(client: Client, room: string, id: string): Promise<string> {
  if (OWN_ID.test(id)) return id;
  return client.memory.senderIds.get(`${room} ${id}`) ?? (await searchArchive(client, room, id)) ?? id;
}

async function searchArchive(client: Client, room: string, id: string): Promise<string | undefined> {
  let before = "";
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const page = await unlessRefused(readPage(client, { room, before, max: PAGE_SIZE }));
    const archived = page?.items.find((item) => item.id === id);
    if (archived) return attr(archived.message, "id");
    if (!page || page.complete || page.first === undefined) return undefined;
    before = page.first;
  }
  return undefined;
}
