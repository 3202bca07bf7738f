import { setTimeout as wait } from "node:timers/promises";
import { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Client } from "../client/client.ts";
import { streaming } from "../client/stream.ts";
import type { StreamPace } from "../client/stream-backoff.ts";
import type { Carrier } from "../client/stream-ownership.ts";
import type { Credentials } from "../credentials.ts";
import { classifyError } from "../errors.ts";
import { idAt, isNewer, timeOf } from "../schemas/address.ts";
import { type Item, postItem } from "./item.ts";
import { pageOf, type Source, sourceOf } from "./pages.ts";

/** How often X is asked for news of one subscription, in ms: the pause shrinks to the least with news and grows without. */
export interface Pace {
  readonly least: number;
  readonly most: number;
}
export const PACE: Pace = { least: 20_000, most: 300_000 };
/** Messages may be asked for 15 times in 15 minutes. */
const MESSAGES_LEAST_MS = 61_000;
const PAGE = 100;
/** Subscriptions that X may stream. */
const SEARCH = "search:";
/** The stream and X's search index agree on the order of posts only roughly: so much is looked at again, and dropped by key. */
const OVERLAP_MS = 30_000;
/** So many pages may lie between two looks. */
const PAGES_MOST = 10;
/** Notes of this name hold the newest id that was seen; that there is one means that it is subscribed to. */
const NOTE = "since:";

/** The account's subscriptions, each looked after by a loop of its own. */
export interface Watch {
  /** Checks that X lets the account read this, then begins with what comes from now on. */
  readonly check: (name: string, signal: AbortSignal) => Promise<void>;
  readonly add: (name: string) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
  readonly stop: () => void;
}

interface Watched {
  readonly ending: AbortController;
  since: string;
  /** The carrier since whose beginning nothing is missing: what it brings moves the cursor. */
  caughtUp?: Carrier | undefined;
}

/** Goes on with what the notes hold. Loops end when `stop` is called or the hold's signal aborts. */
export async function watching(
  context: ConnectionContext<Credentials>,
  client: Client,
  pace: Pace,
  streamPace: StreamPace,
): Promise<Watch> {
  const watched = new Map<string, Watched>();
  const stopping = new AbortController();
  const stopped = AbortSignal.any([context.signal, stopping.signal]);
  const start = (name: string, since: string): void => {
    watched.get(name)?.ending.abort();
    const one = { ending: new AbortController(), since };
    watched.set(name, one);
    const signal = AbortSignal.any([stopped, one.ending.signal]);
    const carrier = () => (name.startsWith(SEARCH) ? stream?.carrier(name.slice(SEARCH.length)) : undefined);
    void look(context, client, { name, one, pace, carrier }, signal).catch((thrown: unknown) => {
      if (!signal.aborted) context.onDisconnected(thrown);
    });
  };
  const stream =
    client.app &&
    streaming({
      hold: context,
      app: client.app,
      pace: streamPace,
      signal: stopped,
      queries: () =>
        [...watched.keys()].flatMap((name) => (name.startsWith(SEARCH) ? [name.slice(SEARCH.length)] : [])),
      took: async ({ post, includes }, queries) => {
        const item = postItem(post, includes, await client.me(stopped));
        for (const query of queries) await brought(context, item, SEARCH + query, watched.get(SEARCH + query));
      },
    });
  for (const [note, since] of Object.entries(await context.state.read())) {
    if (note.startsWith(NOTE)) start(note.slice(NOTE.length), since);
  }
  stream?.changed();
  return {
    async check(name, signal) {
      const source = await sourceOf(client, name, signal);
      await pageOf(client, source, { count: source.least, after: now() }, signal);
    },
    async add(name) {
      if (watched.has(name)) return;
      const since = now();
      await context.state.write(NOTE + name, since);
      start(name, since);
      stream?.changed();
    },
    async remove(name) {
      // First, so that no news on their way write the note again.
      watched.get(name)?.ending.abort();
      watched.delete(name);
      await context.state.write(NOTE + name, undefined);
      stream?.changed();
    },
    stop: () => stopping.abort(),
  };
}

/** The newest id there can be, a little earlier for clocks that differ. */
const now = (): string => idAt(Date.now() - 10_000);

/** One subscription's loop. */
interface Looking {
  readonly name: string;
  readonly one: Watched;
  readonly pace: Pace;
  /** What else brings its news. */
  readonly carrier: () => Carrier | undefined;
}

/** Asks for news until the signal aborts. Throws only what no waiting cures for any subscription: the login. */
async function look(
  context: ConnectionContext<Credentials>,
  client: Client,
  { name, one, pace, carrier }: Looking,
  signal: AbortSignal,
): Promise<void> {
  const least = name === "messages" ? Math.max(pace.least, Math.min(MESSAGES_LEAST_MS, pace.most)) : pace.least;
  let pause = least;
  while (!signal.aborted) {
    try {
      const carried = carrier();
      // What came just before the stream began has to show up in X's search first.
      if (carried) await pausing(carried.since + least - Date.now(), signal, carried.ended);
      const source = await sourceOf(client, name, signal);
      const came = await news(context, client, source, name, one, signal);
      pause = came > 0 ? least : Math.min(pace.most, pause * 1.5);
      pause = Math.max(pause, client.spacing(`GET ${source.path}`));
      if (carried && (await carriedOn(one, carried, signal))) continue;
    } catch (thrown) {
      if (signal.aborted) return;
      pause = after(thrown) ?? Math.min(pace.most, pause * 2);
    }
    await pausing(pause, signal);
  }

  function after(thrown: unknown): number | undefined {
    const failure = classifyError(thrown);
    if (failure.kind === "auth") throw stale(failure);
    context.log.info({ subscription: name.split(":")[0], code: failure.code }, "X can't be asked for news now");
    return failure.retryAfterMs;
  }
}

/** Waits while the stream brings everything; false when it had ended already. */
async function carriedOn(one: Watched, carried: Carrier, signal: AbortSignal): Promise<boolean> {
  if (carried.ended.aborted) return false;
  one.caughtUp = carried;
  const either = AbortSignal.any([signal, carried.ended]);
  await new Promise<void>((resolve) => {
    if (either.aborted) resolve();
    else either.addEventListener("abort", () => resolve(), { once: true });
  });
  one.caughtUp = undefined;
  return true;
}

async function pausing(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  await wait(Math.max(0, ms), undefined, { signal: AbortSignal.any([...signals]) }).catch(() => undefined);
}

/** Hands on what the stream brought; the cursor moves only when nothing before it can be missing. */
async function brought(
  context: ConnectionContext<Credentials>,
  item: Item,
  name: string,
  one: Watched | undefined,
): Promise<void> {
  if (!one) return;
  const since = idAt(timeOf(String(item.id)) - OVERLAP_MS);
  const moves = one.caughtUp !== undefined && !one.caughtUp.ended.aborted && isNewer(since, one.since);
  const arrival = arrivalOf(context, item);
  await context.record(moves ? { ...arrival, state: { name: NOTE + name, value: since } } : arrival);
  if (moves) one.since = since;
}

function arrivalOf(context: ConnectionContext<Credentials>, item: Item) {
  const key = `${item.verb === "send" ? "message" : "post"}:${item.id}`;
  return { key, event: { ...item, platform: "twitter", target: [{ address: context.address }] } };
}

/** Reads what is newer than the last look, and hands it on oldest first, each with the cursor that it moves. */
async function news(
  context: ConnectionContext<Credentials>,
  client: Client,
  source: Source,
  name: string,
  one: Watched,
  signal: AbortSignal,
): Promise<number> {
  const fresh: Item[] = [];
  // X's search looks back a week, and refuses older ids.
  const week = idAt(Date.now() - 6.9 * 86_400_000);
  const after = isNewer(one.since, week) || source.kind === "messages" ? one.since : week;
  let next: string | undefined;
  for (let page = 0; page < PAGES_MOST; page++) {
    const answer = await pageOf(client, source, { count: PAGE, after, next }, signal);
    fresh.push(...answer.items);
    next = answer.next;
    if (next === undefined) break;
  }
  if (next !== undefined)
    context.log.warn({ subscription: source.path }, "More came at X than can be fetched: the oldest is left out");
  const inOrder = fresh.sort((a, b) => (isNewer(String(a.id), String(b.id)) ? 1 : -1));
  for (const item of inOrder) {
    signal.throwIfAborted();
    const id = String(item.id);
    await context.record({ ...arrivalOf(context, item), state: { name: NOTE + name, value: id } });
    one.since = id;
  }
  return inOrder.length;
}

/**
 * Another worker may have renewed the login meanwhile: the connection is made anew with what is stored, and only what X
 * refuses then is final.
 */
function stale(failure: Failure): Failure {
  if (failure.code !== "credentials-expired") return failure;
  const { code, message: detail, platformCode = "" } = failure;
  return new Failure({ kind: "retryable", code, detail, platformCode });
}
