import type { AnyFeed } from "feedsmith";
import { normalizeAtom } from "./atom.ts";
import { normalizeJsonFeed } from "./json-feed.ts";
import type { NormalizedFeed } from "./normalized-entry.ts";
import { normalizeRss } from "./rss.ts";

/** Converts feedsmith's model of a document to the terms of all formats. */
export function normalizeFeed(parsed: AnyFeed): NormalizedFeed {
  switch (parsed.format) {
    case "atom":
      return normalizeAtom(parsed.feed);
    case "json":
      return normalizeJsonFeed(parsed.feed);
    default:
      return normalizeRss(parsed.format, parsed.feed);
  }
}
