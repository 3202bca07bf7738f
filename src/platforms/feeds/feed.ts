/** A file that comes with an entry: a podcast's sound, a picture. */
export interface Media {
  readonly url: string;
  readonly type?: string;
  /** Bytes. */
  readonly length?: number;
}

/** One entry, whatever format its feed has. Texts and lists are bounded; addresses are complete http or https ones. */
export interface Entry {
  /** The feed's own id of it, else its address, else a hash of what it says. */
  readonly id: string;
  readonly title?: string;
  readonly url?: string;
  /** ISO 8601 in UTC, as are all times here. */
  readonly published?: string;
  readonly updated?: string;
  readonly author?: { readonly name?: string; readonly url?: string; readonly address?: string };
  /** As the feed has it: not sanitised. */
  readonly html?: string;
  readonly text?: string;
  readonly summary?: string;
  readonly media: readonly Media[];
  readonly tags: readonly string[];
  /** True when `html` was left out or `text` cut, so that the result keeps its size. */
  readonly trimmed?: boolean;
}

export type Format = "rss" | "atom" | "rdf" | "json";

/** What a feed says of itself. */
export interface FeedMeta {
  readonly format: Format;
  readonly title?: string;
  readonly description?: string;
  /** The page it belongs to. */
  readonly link?: string;
  readonly language?: string;
  readonly icon?: string;
  readonly updated?: string;
}

/** A feed with the entries that were asked for, the newest first. */
export interface Feed extends FeedMeta {
  readonly entries: readonly Entry[];
  /** True when more entries fit the question than are here. */
  readonly more: boolean;
}

/** What was downloaded and what is wanted of it; travels to the thread. */
export interface Task {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly url: string;
  readonly limit: number;
  /** Milliseconds since 1970. */
  readonly after?: number;
  readonly before?: number;
  /** Bytes that the feed may have as JSON. */
  readonly mostBytes: number;
}

/** What it turned out to be: a feed, a page with the addresses of the feeds that it names, or neither. */
export type Read =
  | { readonly kind: "feed"; readonly feed: Feed }
  | { readonly kind: "page"; readonly feeds: readonly string[] }
  | { readonly kind: "neither" };
