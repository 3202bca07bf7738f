import { readPage } from "../client/archive.ts";
import { type ArchiveCursor, overlapStart } from "../client/archive-cursor.ts";
import { type Client, identityOf } from "../client/client.ts";
import { mapSafely } from "./map-safely.ts";
import { archivedDigest } from "./message.ts";

const PAGE_SIZE = 100;

/** Begin of a reading: behind a message, from a time on, or the whole archive. */
export interface ArchiveStart {
  readonly after?: string;
  readonly start?: string;
}

/**
 * Finds the last known message in an archive that has other ids now. The server was restored, or other software took its
 * place. Reads the overlap and compares digests. Where no message of the overlap is known, all of them are new.
 */
export async function findPosition(
  client: Client,
  room: string | undefined,
  cursor: ArchiveCursor,
): Promise<ArchiveStart> {
  const start = overlapStart(cursor);
  if (start === undefined) return {};
  const scope = { ...(room === undefined ? {} : { room }), start, max: PAGE_SIZE };
  let known: string | undefined;
  let after: string | undefined;
  while (cursor.digests.length > 0) {
    const page = await readPage(client, { ...scope, ...(after === undefined ? {} : { after }) });
    for (const { id, message } of page.items) {
      const digest = mapSafely(client, () => ({ digest: archivedDigest(message, identityOf(client), id) })).digest;
      if (digest !== undefined && cursor.digests.includes(digest)) known = id;
    }
    if (page.complete || page.last === undefined || page.last === after) break;
    after = page.last;
  }
  return known === undefined ? { start } : { after: known };
}
