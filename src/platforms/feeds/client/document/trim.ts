import type { Entry, Feed } from "./feed.ts";
import { cut } from "./plain-text.ts";

/** Maximum lengths of bodies, tried in turn until the feed fits. */
const BODY_LENGTHS = [65_536, 16_384, 4_096, 1_024, 256, 0];

/** Trims a feed to `maxBytes` of JSON: long bodies go first, then the oldest entries. */
export function trimFeed(feed: Feed, maxBytes: number): Feed {
  let entries = feed.entries;
  for (const maxLength of BODY_LENGTHS) {
    entries = entries.map((entry) => trimBodies(entry, maxLength));
    if (jsonBytes({ ...feed, entries }) <= maxBytes) return { ...feed, entries };
  }
  let remaining = maxBytes - jsonBytes({ ...feed, entries: [] });
  const overflow = entries.findIndex((entry) => {
    remaining -= jsonBytes(entry) + 1;
    return remaining < 0;
  });
  return overflow < 0 ? { ...feed, entries } : { ...feed, entries: entries.slice(0, overflow), more: true };
}

/** Drops HTML that is too long, since a half could not be shown; cuts text. */
function trimBodies(entry: Entry, maxLength: number): Entry {
  const { html, body, ...rest } = entry;
  const isDropped = html !== undefined && html.length > maxLength;
  const isLong = body !== undefined && body.length > maxLength;
  if (!isDropped && !isLong) return entry;
  return {
    ...rest,
    ...(html === undefined || isDropped ? {} : { html }),
    ...(body === undefined ? {} : { body: cut(body, maxLength) }),
    ...(isDropped ? { htmlTruncated: true as const } : {}),
    ...(isLong ? { bodyTruncated: true as const } : {}),
  };
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
