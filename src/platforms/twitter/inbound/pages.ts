import type { Client } from "../client/client.ts";
import { MESSAGE_FIELDS, Messages, POST_FIELDS, Posts } from "../client/response-schemas.ts";
import { isNewer } from "../schemas/address.ts";
import { type Item, messageItem, postItem } from "./item.ts";

/** A list at X, read page by page, newest first. */
export interface Source {
  readonly kind: "posts" | "messages";
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | number>>;
  /** Smallest page that X serves. */
  readonly minPageSize: number;
}

/** Returns the list of a name: `home`, `mentions`, `messages`, `thread:ID`, `conversation:ID`, `search:…`, `@name`. */
export async function sourceOf(client: Client, name: string, signal: AbortSignal): Promise<Source> {
  const [, kind = name, argument = ""] = /^(messages|conversation|thread|search):(.*)$/s.exec(name) ?? [];
  const posts = { kind: "posts", params: {}, query: {}, minPageSize: 5 } as const;
  const messages = { kind: "messages", params: {}, query: {}, minPageSize: 1 } as const;
  switch (kind) {
    case "home": {
      const params = { id: await client.ownId(signal) };
      return { ...posts, path: "users/:id/timelines/reverse_chronological", params, minPageSize: 1 };
    }
    case "mentions":
      return { ...posts, path: "users/:id/mentions", params: { id: await client.ownId(signal) } };
    case "thread":
      return {
        ...posts,
        path: "tweets/search/recent",
        query: { query: `conversation_id:${argument}` },
        minPageSize: 10,
      };
    case "search":
      return { ...posts, path: "tweets/search/recent", query: { query: argument }, minPageSize: 10 };
    case "messages": {
      if (argument === "") return { ...messages, path: "dm_events" };
      const params = { id: await client.userIdOf(argument, signal) };
      return { ...messages, path: "dm_conversations/with/:id/dm_events", params };
    }
    case "conversation":
      return { ...messages, path: "dm_conversations/:id/dm_events", params: { id: argument } };
    default:
      return { ...posts, path: "users/:id/tweets", params: { id: await client.userIdOf(name, signal) } };
  }
}

export interface Page {
  /** Newest first. */
  readonly items: readonly Item[];
  /** Cursor of the page with older items. */
  readonly next: string | undefined;
}

export interface PageRange {
  readonly count: number;
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  readonly next?: string | undefined;
}

/** Reads a page of a source. X knows `after` and `before` for posts only; messages are filtered here. */
export async function readPage(client: Client, source: Source, range: PageRange, signal: AbortSignal): Promise<Page> {
  const { kind, path, params, minPageSize } = source;
  const { after, before, next } = range;
  const ownId = await client.ownId(signal);
  const isFiltered = kind === "messages" && (after ?? before) !== undefined;
  const query = {
    ...source.query,
    max_results: Math.max(minPageSize, isFiltered ? 100 : range.count),
    ...(next === undefined ? {} : { pagination_token: next }),
  };
  const request = { method: "GET", path, params, signal } as const;
  if (kind === "messages") {
    const page = await client.request({ ...request, query: { ...MESSAGE_FIELDS, ...query } }, Messages);
    const messages = (page.data ?? []).filter(({ event_type: type = "MessageCreate" }) => type === "MessageCreate");
    const matching = messages.filter(
      ({ id }) => (after === undefined || isNewer(id, after)) && (before === undefined || isNewer(before, id)),
    );
    // A message older than `after` says that nothing newer follows.
    const hasMore = matching.length === messages.length || before !== undefined;
    const items = matching.map((message) => messageItem(message, page.includes, ownId));
    return { items, next: hasMore ? page.meta?.next_token : undefined };
  }
  const bounds = {
    ...(after === undefined ? {} : { since_id: after }),
    ...(before === undefined ? {} : { until_id: before }),
  };
  const page = await client.request({ ...request, query: { ...POST_FIELDS, ...query, ...bounds } }, Posts);
  return { items: (page.data ?? []).map((post) => postItem(post, page.includes, ownId)), next: page.meta?.next_token };
}
