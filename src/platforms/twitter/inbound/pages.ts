import type { Client } from "../client/client.ts";
import { MESSAGE_FIELDS, Messages, POST_FIELDS, Posts } from "../client/response-schemas.ts";
import { isNewer } from "../schemas/address.ts";
import { type Item, messageItem, postItem } from "./item.ts";

/** A list at X that can be read page by page, newest first. */
export interface Source {
  readonly kind: "posts" | "messages";
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | number>>;
  /** The least that X lets one ask for. */
  readonly least: number;
}

/** Where the list of that name is read: `home`, `mentions`, `messages`, `thread:ID`, `conversation:ID`, `search:…`, `@name`. */
export async function sourceOf(client: Client, name: string, signal: AbortSignal): Promise<Source> {
  const [, word = name, rest = ""] = /^(messages|conversation|thread|search):(.*)$/s.exec(name) ?? [];
  const posts = { kind: "posts", params: {}, query: {}, least: 5 } as const;
  const messages = { kind: "messages", params: {}, query: {}, least: 1 } as const;
  switch (word) {
    case "home": {
      const params = { id: await client.me(signal) };
      return { ...posts, path: "users/:id/timelines/reverse_chronological", params, least: 1 };
    }
    case "mentions":
      return { ...posts, path: "users/:id/mentions", params: { id: await client.me(signal) } };
    case "thread":
      return { ...posts, path: "tweets/search/recent", query: { query: `conversation_id:${rest}` }, least: 10 };
    case "search":
      return { ...posts, path: "tweets/search/recent", query: { query: rest }, least: 10 };
    case "messages": {
      if (rest === "") return { ...messages, path: "dm_events" };
      const params = { id: await client.idOf(rest, signal) };
      return { ...messages, path: "dm_conversations/with/:id/dm_events", params };
    }
    case "conversation":
      return { ...messages, path: "dm_conversations/:id/dm_events", params: { id: rest } };
    default:
      return { ...posts, path: "users/:id/tweets", params: { id: await client.idOf(name, signal) } };
  }
}

export interface Page {
  /** Newest first. */
  readonly items: readonly Item[];
  /** Leads to older ones. */
  readonly next: string | undefined;
}

export interface Range {
  readonly count: number;
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  readonly next?: string | undefined;
}

/** Reads one page of a source. X knows `after` and `before` for posts only; of messages they are picked here. */
export async function pageOf(client: Client, source: Source, range: Range, signal: AbortSignal): Promise<Page> {
  const { kind, path, params, least } = source;
  const { after, before, next } = range;
  const own = await client.me(signal);
  const ask = { method: "GET", path, params, signal } as const;
  const common = {
    ...source.query,
    max_results: Math.max(least, kind === "messages" && (after ?? before) !== undefined ? 100 : range.count),
    ...(next === undefined ? {} : { pagination_token: next }),
  };
  if (kind === "messages") {
    const page = await client.ask({ ...ask, query: { ...MESSAGE_FIELDS, ...common } }, Messages);
    const all = (page.data ?? []).filter(({ event_type: type = "MessageCreate" }) => type === "MessageCreate");
    const wanted = all.filter(
      ({ id }) => (after === undefined || isNewer(id, after)) && (before === undefined || isNewer(before, id)),
    );
    // An older one among them says that nothing newer follows.
    const more = wanted.length === all.length || before !== undefined ? page.meta?.next_token : undefined;
    return { items: wanted.map((one) => messageItem(one, page.includes, own)), next: more };
  }
  const bounds = {
    ...(after === undefined ? {} : { since_id: after }),
    ...(before === undefined ? {} : { until_id: before }),
  };
  const page = await client.ask({ ...ask, query: { ...POST_FIELDS, ...common, ...bounds } }, Posts);
  return { items: (page.data ?? []).map((one) => postItem(one, page.includes, own)), next: page.meta?.next_token };
}
