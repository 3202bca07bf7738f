import { type AnyFeed, parseFeed } from "feedsmith";
import { MAX_ENTRIES } from "../../schemas/fetch.ts";
import { decodeText } from "./decode.ts";
import { findFeedLinks, isWebPage } from "./discover.ts";
import { withChannel, withItunesImages, withWholeEnd } from "./document-repair.ts";
import { metaOf, toEntries } from "./entries.ts";
import { timeOf } from "./entry-cursor.ts";
import type { Entry, Feed } from "./feed.ts";
import type { DownloadedDocument, NoFeed, ReadResult, ReadTask } from "./jobs.ts";
import { parseLeniently } from "./lenient-parser.ts";
import { normalizeFeed } from "./normalize.ts";
import type { NormalizedFeed } from "./normalized-entry.ts";
import { entryKey } from "./seen-entries.ts";
import { shortenFeed } from "./shorten.ts";
import { trimFeed } from "./trim.ts";
import {
  withCurrentBase64,
  withFullTexts,
  withLinkBases,
  withOriginalLinks,
  withoutReservedNames,
} from "./xml-repair.ts";

/** A parsed feed; `parsed` is absent when only the lenient parser could read the text. */
export interface ParsedDocument {
  readonly kind: "parsed";
  readonly feed: NormalizedFeed;
  readonly parsed?: AnyFeed;
}

/** Reads a downloaded document with the task's options. Runs in the thread; never throws for a document. */
export function readDocument(task: ReadTask): ReadResult {
  const document = parseDocument(task);
  return document.kind === "parsed" ? { kind: "feed", feed: feedOf(document.feed, task) } : document;
}

/** Decodes and parses a document: a feed, a page that names feeds, or neither. */
export function parseDocument({ bytes, contentType, url }: DownloadedDocument): ParsedDocument | NoFeed {
  const text = decodeText(bytes, contentType);
  const parsed = parseText(text);
  if (parsed) return parsed;
  return isWebPage(text, contentType) ? { kind: "page", feeds: findFeedLinks(text, url) } : { kind: "neither" };
}

/** Repairs of a feed's text, in this order, before it is parsed. */
const REPAIRS = [
  withWholeEnd,
  withChannel,
  withItunesImages,
  withCurrentBase64,
  withLinkBases,
  withOriginalLinks,
  withFullTexts,
] as const;

/** Parses a feed's text, leniently where the strict parser refuses; undefined for other texts. */
export function parseText(text: string): ParsedDocument | undefined {
  // The parser reads a whole document before it counts entries, so most of a long one is removed first.
  const shortened = shortenFeed(REPAIRS.reduce((repaired, repair) => repair(repaired), text));
  for (const part of new Set([shortened, withoutReservedNames(shortened), text])) {
    try {
      const parsed = parseFeed(part, { maxItems: MAX_ENTRIES });
      return { kind: "parsed", parsed, feed: normalizeFeed(parsed) };
    } catch {
      // Not a feed, or an ill-formed one.
    }
  }
  const feed = parseLeniently(shortened);
  return feed && { kind: "parsed", feed };
}

function feedOf(feed: NormalizedFeed, { url, limit, maxBytes, ...range }: ReadTask): Feed {
  const sorted = [...toEntries(feed, url)].sort((a, b) => (timeOf(b) || 0) - (timeOf(a) || 0));
  const entries = entriesAfter(sorted, range.after).filter((entry) => isInRange(entry, range));
  return trimFeed({ ...metaOf(feed, url), entries: entries.slice(0, limit), more: entries.length > limit }, maxBytes);
}

function isInRange(entry: Entry, { since, until }: Pick<ReadTask, "since" | "until">): boolean {
  if (since === undefined && until === undefined) return true;
  const time = timeOf(entry);
  return time >= (since ?? Number.NEGATIVE_INFINITY) && time <= (until ?? Number.POSITIVE_INFINITY);
}

/** Returns the entries behind a cursor; when its entry is gone, the older ones. */
function entriesAfter(sorted: readonly Entry[], cursor: string | undefined): readonly Entry[] {
  if (cursor === undefined) return sorted;
  const [time = "", key] = cursor.split(".");
  const index = sorted.findIndex((entry) => entryKey(entry) === key);
  return index >= 0 ? sorted.slice(index + 1) : sorted.filter((entry) => timeOf(entry) < Number(time));
}
