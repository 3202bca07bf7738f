import type { JsonFeed } from "feedsmith";
import { authorOf, type NormalizedEntry, type NormalizedFeed } from "./normalized-entry.ts";

/** Normalizes JSON Feed 1.0 and 1.1. */
export function normalizeJsonFeed(feed: JsonFeed.Feed<string>): NormalizedFeed {
  return {
    format: "json",
    title: { value: feed.title, kind: "text" },
    description: { value: feed.description, kind: "text" },
    link: feed.home_page_url,
    language: feed.language,
    icon: feed.icon ?? feed.favicon,
    entries: (feed.items ?? []).map((item) => normalizeItem(item, feed)),
  };
}

function normalizeItem(item: JsonFeed.Item<string>, feed: JsonFeed.Feed<string>): NormalizedEntry {
  const author = item.authors?.[0] ?? feed.authors?.[0];
  return {
    ids: [item.id],
    links: [item.url, item.external_url],
    title: { value: item.title, kind: "text" },
    published: item.date_published,
    updated: item.date_modified,
    author: author && authorOf(author.name, undefined, author.url),
    bodies: [
      { value: item.content_html, kind: "html" },
      { value: item.content_text, kind: "text" },
    ],
    summary: { value: item.summary, kind: "text" },
    media: [
      ...(item.attachments ?? []).map(({ url, mime_type, size_in_bytes }) => ({
        url,
        type: mime_type,
        length: size_in_bytes,
      })),
      ...(item.image === undefined ? [] : [{ url: item.image }]),
    ],
    tags: item.tags ?? [],
  };
}
