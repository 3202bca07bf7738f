import { optional } from "../../../model/optional.ts";
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
  /** X's token of the page with older items. */
  readonly nextToken: string | undefined;
}

export interface PageRange {
  readonly count: number;
  /** Id that all items must be newer than. */
  readonly newerThan?: string | undefined;
  /** Id that all items must be older than. */
  readonly olderThan?: string | undefined;
  /** `nextToken` of the page before. */
  readonly token?: string | undefined;
}

/** Reads a page of a source. X takes ids as bounds for posts only; messages are filtered here. */
export async function readPage(client: Client, source: Source, range: PageRange, signal: AbortSignal): Promise<Page> {
  const { kind, path, params } = source;
  const request = { method: "GET", path, params, signal } as const;
  const ownId = await client.ownId(signal);
  if (kind === "posts") {
    const query = { ...POST_FIELDS, ...pageQuery(source, range), ...idBounds(range) };
    const { data = [], includes, meta } = await client.request({ ...request, query }, Posts);
    return { items: data.map((post) => postItem(post, includes, ownId)), nextToken: meta?.next_token };
  }
  const query = { ...MESSAGE_FIELDS, ...pageQuery(source, range) };
  const { data = [], includes, meta } = await client.request({ ...request, query }, Messages);
  const messages = data.filter(({ event_type: type = "MessageCreate" }) => type === "MessageCreate");
  const { newerThan, olderThan } = range;
  const isWithin = ({ id }: { readonly id: string }) =>
    (newerThan === undefined || isNewer(id, newerThan)) && (olderThan === undefined || isNewer(olderThan, id));
  // A message that is not newer than the bound says that no newer one follows.
  const isEnd = newerThan !== undefined && messages.some(({ id }) => !isNewer(id, newerThan));
  const items = messages.filter(isWithin).map((message) => messageItem(message, includes, ownId));
  return { items, nextToken: isEnd ? undefined : meta?.next_token };
}

function pageQuery({ kind, query, minPageSize }: Source, { count, newerThan, token }: PageRange) {
  const size = kind === "messages" && newerThan !== undefined ? 100 : count;
  return { ...query, max_results: Math.max(minPageSize, size), ...optional("pagination_token", token) };
}

function idBounds({ newerThan, olderThan }: PageRange) {
  return { ...optional("since_id", newerThan), ...optional("until_id", olderThan) };
}
