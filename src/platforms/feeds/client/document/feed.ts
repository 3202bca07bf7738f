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

/** What a poll downloaded; `known` is what was seen before (`KnownEntries`), undefined at a first poll. */
export interface NewsTask extends Pick<Task, "bytes" | "contentType" | "url"> {
  readonly known: string | undefined;
  /** Entries at most, and bytes that one may have as JSON. */
  readonly most: number;
  readonly mostBytes: number;
}

/** What the feed asks of those who poll it, and where it tells of news itself. */
export interface Wishes {
  /** Not to be asked more often (`ttl`, `sy:updatePeriod`). */
  readonly leastMs?: number;
  /** Hours (0 to 23) and days (0: Sunday) in UTC at which not to ask. */
  readonly skipHours?: readonly number[];
  readonly skipDays?: readonly number[];
  /** Its WebSub hub, and what it is called there. */
  readonly hub?: string;
  readonly self?: string;
}

/** An entry that was not there before, or says something else. */
export interface Fresh {
  readonly entry: Entry;
  /** Of its id and content; the same for the same. */
  readonly key: string;
  readonly changed: boolean;
}

/** What is new in a document. */
export interface News {
  readonly kind: "news";
  readonly meta: FeedMeta;
  /** Oldest first. */
  readonly fresh: readonly Fresh[];
  /** New ones that were too many for now. */
  readonly left: number;
  readonly known: string;
  readonly wishes: Wishes;
  /** Mean time between its newest entries, and when the newest is dated. */
  readonly gapMs?: number;
  readonly newest?: number;
}

/** One feed of an OPML document. */
export interface Outline {
  readonly address: string;
  readonly title?: string;
}

/** Addresses of an OPML document, each once; `skipped` counts outlines whose address is none. */
export interface Outlines {
  readonly kind: "outlines";
  readonly feeds: readonly Outline[];
  readonly skipped: number;
}

/** What the thread is asked, one of them. */
export type Job = { readonly read: Task } | { readonly news: NewsTask } | { readonly opml: Uint8Array };
export type Answer = Read | News | Outlines;
