import { setTimeout as wait } from "node:timers/promises";
import { Failure } from "../../failure.ts";
import type { Hold } from "../../held.ts";
import { idAt, isNewer } from "./address.ts";
import type { Client } from "./client.ts";
import type { Credentials } from "./credentials.ts";
import { explain } from "./explain.ts";
import type { Item } from "./item.ts";
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
}

/** Goes on with what the notes hold. Loops end when `stop` is called or the hold's signal aborts. */
export async function watching(hold: Hold<Credentials>, client: Client, pace: Pace): Promise<Watch> {
  const watched = new Map<string, Watched>();
  const start = (name: string, since: string): void => {
    watched.get(name)?.ending.abort();
    const one = { ending: new AbortController(), since };
    watched.set(name, one);
    const signal = AbortSignal.any([hold.signal, one.ending.signal]);
    void look(hold, client, name, one, pace, signal).catch((thrown: unknown) => {
      if (!signal.aborted) hold.lost(thrown);
    });
  };
  for (const [note, since] of Object.entries(await hold.notes.read())) {
    if (note.startsWith(NOTE)) start(note.slice(NOTE.length), since);
  }
  return {
    async check(name, signal) {
      const source = await sourceOf(client, name, signal);
      await pageOf(client, source, { count: source.least, after: now() }, signal);
    },
    async add(name) {
      if (watched.has(name)) return;
      const since = now();
      await hold.notes.write(NOTE + name, since);
      start(name, since);
    },
    async remove(name) {
      await hold.notes.write(NOTE + name, undefined);
      watched.get(name)?.ending.abort();
      watched.delete(name);
    },
    stop: () => {
      for (const { ending } of watched.values()) ending.abort();
    },
  };
}

/** The newest id there can be, a little earlier for clocks that differ. */
const now = (): string => idAt(Date.now() - 10_000);

/** Asks for news until the signal aborts. Throws only what no waiting cures for any subscription: the login. */
async function look(
  hold: Hold<Credentials>,
  client: Client,
  name: string,
  one: Watched,
  pace: Pace,
  signal: AbortSignal,
): Promise<void> {
  const least = name === "messages" ? Math.max(pace.least, Math.min(MESSAGES_LEAST_MS, pace.most)) : pace.least;
  let pause = least;
  while (!signal.aborted) {
    try {
      const source = await sourceOf(client, name, signal);
      const came = await news(hold, client, source, name, one, signal);
      pause = came > 0 ? least : Math.min(pace.most, pause * 1.5);
      pause = Math.max(pause, client.spacing(`GET ${source.path}`));
    } catch (thrown) {
      if (signal.aborted) return;
      const failure = explain(thrown);
      if (failure.kind === "auth") throw stale(failure);
      pause = failure.retryAfterMs ?? Math.min(pace.most, pause * 2);
      hold.log.info({ subscription: name.split(":")[0], code: failure.code }, "X can't be asked for news now");
    }
    await wait(pause, undefined, { signal }).catch(() => undefined);
  }
}

/** Reads what is newer than the last look, and hands it on oldest first, each with the cursor that it moves. */
async function news(
  hold: Hold<Credentials>,
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
    hold.log.warn({ subscription: source.path }, "More came at X than can be fetched: the oldest is left out");
  const inOrder = fresh.sort((a, b) => (isNewer(String(a.id), String(b.id)) ? 1 : -1));
  for (const item of inOrder) {
    signal.throwIfAborted();
    const id = String(item.id);
    const key = `${item.verb === "send" ? "message" : "post"}:${id}`;
    const event = { ...item, platform: "twitter", target: [{ address: hold.address }] };
    await hold.arrive({ key, event, note: { name: NOTE + name, value: id } });
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
