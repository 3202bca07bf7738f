import type { Entry, Feed } from "./feed.ts";
import { cut } from "./plain-text.ts";

/** How long bodies may be, tried one after the other until the feed fits. */
const STEPS = [65_536, 16_384, 4_096, 1_024, 256, 0];

/** Keeps a feed under so many bytes of JSON: long bodies go first, then the oldest entries. */
export function trimmed(feed: Feed, mostBytes: number): Feed {
  let entries = feed.entries;
  for (const most of STEPS) {
    entries = entries.map((entry) => shortened(entry, most));
    if (size({ ...feed, entries }) <= mostBytes) return { ...feed, entries };
  }
  let left = mostBytes - size({ ...feed, entries: [] });
  const kept = entries.findIndex((entry) => {
    left -= size(entry) + 1;
    return left < 0;
  });
  return kept < 0 ? { ...feed, entries } : { ...feed, entries: entries.slice(0, kept), more: true };
}

/** HTML that is too long is left out, since half of it could not be shown; text is cut. */
function shortened(entry: Entry, most: number): Entry {
  const { html, text, ...rest } = entry;
  const dropped = html !== undefined && html.length > most;
  const long = text !== undefined && text.length > most;
  if (!dropped && !long) return entry;
  return {
    ...rest,
    ...(html === undefined || dropped ? {} : { html }),
    ...(text === undefined ? {} : { text: cut(text, most) }),
    trimmed: true,
  };
}

function size(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
