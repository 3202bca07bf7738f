import type { ConnectionContext } from "../../../platform/connection.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import type { Coverage } from "../client/stream-coverage.ts";
import type { Credentials } from "../credentials.ts";
import { idAt, isNewer, timeOf } from "../schemas/address.ts";
import type { Item } from "./item.ts";
import { readPage, type Source } from "./pages.ts";

/** Prefix of state keys that hold a subscription's cursor; the key's existence is the subscription. */
export const CURSOR_PREFIX = "since:";
const PAGE_SIZE = 100;
/** Overlap of stream and search in ms. Their orders of posts agree only roughly; duplicates drop out by key. */
const OVERLAP_MS = 30_000;
/** Maximum number of pages read between two polls. */
const MAX_PAGES = 10;
/** X's search looks back a week and refuses older ids. */
const SEARCH_AGE_MS = 6.9 * 86_400_000;

/** A subscription's position. */
export interface Subscription {
  readonly name: string;
  /** Newest id that was recorded. */
  since: string;
  /** Coverage without missing posts since the beginning: streamed posts move the cursor. */
  caughtUp?: Coverage | undefined;
}

/** Records a streamed post; the cursor moves only when no earlier post can be missing. */
export async function recordStreamed(
  context: ConnectionContext<Credentials>,
  item: Item,
  subscription: Subscription | undefined,
): Promise<void> {
  if (!subscription) return;
  const since = idAt(timeOf(String(item.id)) - OVERLAP_MS);
  const { caughtUp } = subscription;
  const movesCursor = caughtUp !== undefined && !caughtUp.ended.aborted && isNewer(since, subscription.since);
  const event = inboundEventOf(context, item);
  await context.record(movesCursor ? { ...event, state: cursorState(subscription, since) } : event);
  if (movesCursor) subscription.since = since;
}

/** Records all items newer than the cursor, oldest first, and returns the count. The cursor moves with each item. */
export async function recordNewItems(
  context: ConnectionContext<Credentials>,
  client: Client,
  source: Source,
  subscription: Subscription,
  signal: AbortSignal,
): Promise<number> {
  const oldest = idAt(Date.now() - SEARCH_AGE_MS);
  const newerThan = isNewer(subscription.since, oldest) || source.kind === "messages" ? subscription.since : oldest;
  const items: Item[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await readPage(client, source, { count: PAGE_SIZE, newerThan, token }, signal);
    items.push(...answer.items);
    token = answer.nextToken;
    if (token === undefined) break;
  }
  if (token !== undefined)
    context.log.warn({ source: source.path }, "x has more new items than can be read; the oldest are skipped");
  const oldestFirst = items.sort((a, b) => (isNewer(String(a.id), String(b.id)) ? 1 : -1));
  for (const item of oldestFirst) {
    signal.throwIfAborted();
    const id = String(item.id);
    await context.record({ ...inboundEventOf(context, item), state: cursorState(subscription, id) });
    subscription.since = id;
  }
  return oldestFirst.length;
}

const cursorState = ({ name }: Subscription, value: string) => ({ name: CURSOR_PREFIX + name, value });

function inboundEventOf(context: ConnectionContext<Credentials>, item: Item): InboundEvent {
  const key = `${item.verb === "send" ? "message" : "post"}:${item.id}`;
  return { key, event: { ...item, platform: "twitter", target: [{ address: context.address }] } };
}
