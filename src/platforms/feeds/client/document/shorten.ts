import { parseDate } from "../../../../platform/kit/parse-date.ts";
import { MAX_ENTRIES } from "../../schemas/fetch.ts";
import { ENTRY_END, ENTRY_START } from "./xml-repair.ts";

const DATE = /<(?:[\w-]{1,20}:)?(?:pubDate|published|updated|modified|issued|date)\s*>([^<]{1,64})</i;

/**
 * Removes entries beyond the maximum from a feed, XML or JSON. Keeps the newest ones in whatever order the feed has them; where
 * most have no date, the first and the last ones.
 */
export function shortenFeed(text: string): string {
  return /^\s*\{/.test(text) ? shortenJson(text) : shortenXml(text);
}

function shortenXml(text: string): string {
  const ends = [...text.matchAll(ENTRY_END)].map(({ 0: tag, index }) => index + tag.length);
  if (ends.length <= MAX_ENTRIES) return text;
  const first = Math.max(0, text.slice(0, ends[0]).search(ENTRY_START));
  const entries = ends.map((end, index) => text.slice(index === 0 ? first : ends[index - 1], end));
  const kept = indexesToKeep(entries.map((entry) => dateIn(DATE.exec(entry)?.[1])));
  return text.slice(0, first) + entries.filter((_, index) => kept.has(index)).join("") + text.slice(ends.at(-1));
}

function shortenJson(text: string): string {
  const feed = parsedJson(text);
  const items = Object(feed).items as unknown;
  if (!Array.isArray(items) || items.length <= MAX_ENTRIES) return text;
  const kept = indexesToKeep(items.map((item) => dateIn(Object(item).date_published ?? Object(item).date_modified)));
  return JSON.stringify({ ...Object(feed), items: items.filter((_, index) => kept.has(index)) });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser of feeds reports it.
    return undefined;
  }
}

function dateIn(text: unknown): number {
  return typeof text === "string" ? Date.parse(parseDate(text.trim().slice(0, 64)) ?? "") : Number.NaN;
}

/** Returns the indexes of the entries to keep, given the entries' dates. */
function indexesToKeep(dates: readonly number[]): ReadonlySet<number> {
  const dated = dates.flatMap((date, index) => (Number.isNaN(date) ? [] : [{ date, index }]));
  if (dated.length < dates.length / 2) {
    const half = MAX_ENTRIES / 2;
    return new Set([...dates.keys()].filter((index) => index < half || index >= dates.length - half));
  }
  const newest = dated.sort((a, b) => b.date - a.date || a.index - b.index).slice(0, MAX_ENTRIES);
  return new Set(newest.map(({ index }) => index));
}
