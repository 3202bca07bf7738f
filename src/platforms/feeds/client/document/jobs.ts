import type { Entry, Feed, FeedMeta } from "./feed.ts";

/** A downloaded document. */
export interface DownloadedDocument {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly url: string;
}

/** Limits of one reading. */
export interface ReadOptions {
  /** Maximum number of entries. */
  readonly limit: number;
  /** Cursor of the last entry that an earlier answer had. */
  readonly after?: string;
  /** Bounds of the entries' dates, Unix ms, inclusive. */
  readonly since?: number;
  readonly until?: number;
  /** Bytes that the feed may have as JSON. */
  readonly maxBytes: number;
}
export type ReadTask = DownloadedDocument & ReadOptions;

/** A page with the addresses of its feeds, or a document of another kind. */
export type NoFeed = { readonly kind: "page"; readonly feeds: readonly string[] } | { readonly kind: "neither" };
export type ReadResult = { readonly kind: "feed"; readonly feed: Feed } | NoFeed;

/** A poll's document. */
export interface NewEntriesTask extends DownloadedDocument {
  /** Packed `SeenEntries` of earlier polls; undefined at a topic's first poll. */
  readonly seen: string | undefined;
  /** Date of the newest entry of earlier polls, Unix ms. */
  readonly newest?: number | undefined;
  /** Maximum number of new entries, and of bytes that one may have as JSON. */
  readonly maxEntries: number;
  readonly maxEntryBytes: number;
}

/** Requests of a publisher to those who poll its feed, and its WebSub hub. */
export interface PublisherHints {
  /** Minimum time between polls (`ttl`, `sy:updatePeriod`). */
  readonly leastMs?: number;
  /** Hours (0 to 23) and days (0: Sunday) in UTC without polls. */
  readonly skipHours?: readonly number[];
  readonly skipDays?: readonly number[];
  /** The WebSub hub, and the feed's address there. */
  readonly hub?: string;
  readonly self?: string;
}

/** An entry that earlier documents did not have, or had with other content. */
export interface NewEntry {
  readonly entry: Entry;
  /** Hash of its id and content. */
  readonly key: string;
  readonly isUpdate: boolean;
}

/** New entries of a polled document, and facts for the next poll. */
export interface NewEntries {
  readonly kind: "new-entries";
  readonly meta: FeedMeta;
  /** Oldest first. */
  readonly entries: readonly NewEntry[];
  /** Number of new entries beyond the maximum; later polls report them. */
  readonly remaining: number;
  /** Packed `SeenEntries` for the next poll. */
  readonly seen: string;
  readonly hints: PublisherHints;
  /** Mean time between the newest entries, in ms. */
  readonly gapMs?: number;
  /** Date of the newest entry, Unix ms. */
  readonly newest?: number;
}

/** A feed of an OPML document. */
export interface Outline {
  readonly address: string;
  readonly title?: string;
}

/** Distinct feeds of an OPML document; `skipped` counts outlines without a usable address. */
export interface Outlines {
  readonly kind: "outlines";
  readonly feeds: readonly Outline[];
  readonly skipped: number;
}
export type NoOutlines = { readonly kind: "neither" };

/** A job of a reader thread. */
export type Job = { readonly read: ReadTask } | { readonly newEntries: NewEntriesTask } | { readonly opml: Uint8Array };
export type JobResult = ReadResult | NewEntries | Outlines;
