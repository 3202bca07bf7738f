import { optional } from "../../../model/optional.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { ActivityOf, InboundEvent, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Collection } from "../../../platform/vocabulary/vocabulary.ts";
import { type ArchivedMessage, type ArchivePage, type ArchiveQuery, readPage } from "../client/archive.ts";
import { type Client, identityOf } from "../client/client.ts";
import { bare } from "../client/jid.ts";
import { messageMemory } from "../client/memory.ts";
import { classifyError } from "../errors.ts";
import { inboundMessage } from "../inbound/message.ts";
import type { FetchSchema } from "../schemas/queries.ts";
import { isRoom } from "./send-stanzas.ts";

/** Bytes of a page within a result event, whose size is limited. */
const MAX_PAGE_BYTES = 200_000;
const DEFAULT_LIMIT = 50;
/** A resource prefix that no session has: messages of this app belong to the page. */
const NO_PREFIX = "\u0000";

type FetchActivity = ActivityOf<typeof FetchSchema>;
type Event = InboundEvent["event"];

/** Reads a page of an archive (XEP-0313) as events. Scope: the account, a person, or a room. */
export async function fetch(client: Client, activity: FetchActivity, context: VerbContext): Promise<Receipt> {
  const read = (address: string | undefined) => readHistory(client, activity, address);
  if (activity.target.length === 0) return { outcomes: [], object: { ...(await read(undefined)) } };
  const { outcomes, values } = await readEachTarget(activity, context, 1, read, classifyError);
  return { outcomes, ...(values[0] ? { object: { ...values[0] } } : {}) };
}

async function readHistory(client: Client, activity: FetchActivity, address: string | undefined) {
  const { since, until, before, after, limit = DEFAULT_LIMIT } = activity.object;
  const room = address !== undefined && isRoom(client, activity, address) ? bare(address) : undefined;
  const peer = room === undefined && address !== undefined ? { with: bare(address) } : {};
  // Without a start, the newest messages are read.
  const isBackwards = after === undefined && (before !== undefined || since === undefined);
  const archiveQuery: ArchiveQuery = {
    ...(room === undefined ? peer : { room }),
    max: limit,
    ...(since === undefined ? {} : { start: since }),
    ...(until === undefined ? {} : { end: until }),
    ...(after === undefined ? {} : { after }),
    ...(isBackwards ? { before: before ?? "" } : {}),
  };
  const page = await readPage(client, archiveQuery);
  return collection(page, { isBackwards, isNewest: isBackwards && before === undefined }, eventReader(client, room));
}

/** Creates a mapper from archived messages to events; messages of the own sessions are included. */
function eventReader(client: Client, room: string | undefined): (archived: ArchivedMessage) => readonly Event[] {
  const rooms = new Map(client.rooms);
  if (room !== undefined && !rooms.has(room)) rooms.set(room, { nick: "", occupants: new Map(), hasStableIds: true });
  const identity = { ...identityOf(client), resourcePrefix: NO_PREFIX, rooms, memory: messageMemory({}) };
  return ({ message, id, stamp }) =>
    (inboundMessage(message, identity, { id, stamp }).events ?? []).map(({ event }) => event);
}

interface Direction {
  readonly isBackwards: boolean;
  /** True for the newest page, which nothing follows. */
  readonly isNewest: boolean;
}

function collection(
  page: ArchivePage,
  { isBackwards, isNewest }: Direction,
  toEvents: (archived: ArchivedMessage) => readonly Event[],
): Collection {
  let bytes = 0;
  const entries = page.items.map((archived) => ({ id: archived.id, events: toEvents(archived) }));
  // Entries that do not fit are left out at the far end, so that the next page begins with them.
  const fitting = (isBackwards ? entries.reverse() : entries).filter(({ events }) => {
    bytes += events.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(events));
    return bytes <= MAX_PAGE_BYTES;
  });
  const ordered = isBackwards ? fitting.reverse() : fitting;
  const isComplete = page.complete && ordered.length === page.items.length;
  const next = isBackwards ? !isNewest : !isComplete;
  const previous = isBackwards ? !isComplete : true;
  return {
    type: "collection",
    items: ordered.flatMap(({ events }) => events),
    ...(next ? optional("next", ordered.at(-1)?.id) : {}),
    ...(previous ? optional("previous", ordered[0]?.id) : {}),
  };
}
