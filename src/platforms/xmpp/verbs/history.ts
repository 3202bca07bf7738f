import type { Activity } from "../../../model/activity.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import { type Filing, type Page, page, type Question } from "../client/archive.ts";
import { type Client, meOf } from "../client/client.ts";
import { bare } from "../client/jid.ts";
import { classifyError } from "../errors.ts";
import { messageIn } from "../inbound/message.ts";
import { isRoom } from "./send-stanzas.ts";

/** What a result event may hold leaves room for so much of a page. */
const PAGE_BYTES = 200_000;

interface Wish {
  readonly since?: string;
  readonly until?: string;
  readonly before?: string;
  readonly after?: string;
  readonly limit?: number;
}
type Event = NonNullable<ReturnType<typeof messageIn>["arrival"]>["event"];

/** One page of an archive (XEP-0313), as events: of the account, with one person, or of a room. */
export async function fetch(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const read = (address: string | undefined) => pageOf(client, activity, address);
  if (activity.target.length === 0) return { outcomes: [], object: await read(undefined) };
  const { outcomes, values } = await readEachTarget(activity, context, 1, read, classifyError);
  return { outcomes, ...(values[0] ? { object: values[0] } : {}) };
}

async function pageOf(client: Client, activity: Activity, address: string | undefined) {
  const wish = activity.object as Wish;
  const room = address !== undefined && isRoom(client, activity, address) ? bare(address) : undefined;
  const peer = room === undefined && address !== undefined ? { with: bare(address) } : {};
  // Without a place to start from, the newest are what is wanted.
  const backwards = wish.after === undefined && (wish.before !== undefined || wish.since === undefined);
  const where: Question = { ...(room === undefined ? peer : { room }), max: wish.limit ?? 50 };
  const found = await page(client, { ...where, ...range(wish, backwards) });
  return shown(found, backwards, reader(client, room));
}

function range({ since, until, before, after }: Wish, backwards: boolean): Partial<Question> {
  return {
    ...(since === undefined ? {} : { start: since }),
    ...(until === undefined ? {} : { end: until }),
    ...(after === undefined ? {} : { after }),
    ...(backwards ? { before: before ?? "" } : {}),
  };
}

/** Reads archived messages as events. No session is told from another here: what this app sent belongs to the page. */
function reader(client: Client, room: string | undefined): (filing: Filing) => Event | undefined {
  const rooms = new Map(client.rooms);
  if (room !== undefined && !rooms.has(room)) rooms.set(room, { nick: "", occupants: new Set() });
  const me = { ...meOf(client), prefix: "\u0000", rooms };
  return ({ message, id, stamp }) => messageIn(message, me, { id, stamp }).arrival?.event;
}

function shown(found: Page, backwards: boolean, read: (filing: Filing) => Event | undefined) {
  let bytes = 0;
  const all = found.items.map((filing) => ({ id: filing.id, event: read(filing) }));
  // What does not fit is left out at the far end, so that the next page begins with it.
  const kept = (backwards ? all.reverse() : all).filter(({ event }) => {
    bytes += event === undefined ? 0 : Buffer.byteLength(JSON.stringify(event));
    return bytes <= PAGE_BYTES;
  });
  const inOrder = backwards ? kept.reverse() : kept;
  return {
    type: "collection",
    items: inOrder.flatMap(({ event }) => event ?? []),
    first: inOrder[0]?.id,
    last: inOrder.at(-1)?.id,
    complete: found.complete && inOrder.length === found.items.length,
  };
}
