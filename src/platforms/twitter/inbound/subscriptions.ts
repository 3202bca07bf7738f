import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Client, Subscriptions } from "../client/client.ts";
import { openStream } from "../client/stream.ts";
import type { StreamDelays } from "../client/stream-backoff.ts";
import type { Credentials } from "../credentials.ts";
import { idAt } from "../schemas/address.ts";
import { postItem } from "./item.ts";
import { readPage, sourceOf } from "./pages.ts";
import { type PollInterval, pollLoop } from "./poll-loop.ts";
import { CURSOR_PREFIX, recordStreamed, type Subscription } from "./record-items.ts";

/** Prefix of subscriptions that X may stream. */
const SEARCH = "search:";

/** Resumes the stored subscriptions. Loops end at `stop` or when the connection's signal aborts. */
export async function openSubscriptions(
  context: ConnectionContext<Credentials>,
  client: Client,
  interval: PollInterval,
  streamDelays: StreamDelays,
): Promise<Subscriptions> {
  const subscriptions = new Map<string, Subscription & { readonly ending: AbortController }>();
  const stopping = new AbortController();
  const stopped = AbortSignal.any([context.signal, stopping.signal]);

  const start = (name: string, since: string): void => {
    subscriptions.get(name)?.ending.abort();
    const subscription = { name, ending: new AbortController(), since };
    subscriptions.set(name, subscription);
    const signal = AbortSignal.any([stopped, subscription.ending.signal]);
    const coverage = () => (name.startsWith(SEARCH) ? stream?.coverageOf(name.slice(SEARCH.length)) : undefined);
    void pollLoop(context, client, { subscription, interval, coverage }, signal).catch((thrown: unknown) => {
      if (!signal.aborted) context.onDisconnected(thrown);
    });
  };
  const stream =
    client.app &&
    openStream({
      context,
      app: client.app,
      delays: streamDelays,
      signal: stopped,
      queries: () =>
        [...subscriptions.keys()].flatMap((name) => (name.startsWith(SEARCH) ? [name.slice(SEARCH.length)] : [])),
      onPost: async ({ post, includes }, queries) => {
        const item = postItem(post, includes, await client.ownId(stopped));
        for (const query of queries) await recordStreamed(context, item, subscriptions.get(SEARCH + query));
      },
    });

  for (const [key, since] of Object.entries(await context.state.read())) {
    if (key.startsWith(CURSOR_PREFIX)) start(key.slice(CURSOR_PREFIX.length), since);
  }
  stream?.queriesChanged();
  return {
    async check(name, signal) {
      const source = await sourceOf(client, name, signal);
      await readPage(client, source, { count: source.minPageSize, newerThan: newestId() }, signal);
    },
    async add(name) {
      if (subscriptions.has(name)) return;
      const since = newestId();
      await context.state.write(CURSOR_PREFIX + name, since);
      start(name, since);
      stream?.queriesChanged();
    },
    async remove(name) {
      // The loop ends first, so that no pending item writes the cursor again.
      subscriptions.get(name)?.ending.abort();
      subscriptions.delete(name);
      await context.state.write(CURSOR_PREFIX + name, undefined);
      stream?.queriesChanged();
    },
    stop: () => stopping.abort(),
  };
}

/** Returns the newest possible id, ten seconds earlier for clocks that differ. */
const newestId = (): string => idAt(Date.now() - 10_000);
