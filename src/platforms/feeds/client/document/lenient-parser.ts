import { parseFeed } from "@rowanmanning/feed-parser";
import type { Body, Draft, FeedDraft } from "./normalized-entry.ts";

type Salvaged = ReturnType<typeof parseFeed>;

/**
 * Reads an XML feed that the first parser refuses: many are ill-formed or cut short. Of one that is cut its last entry is
 * left out, since nobody knows what is missing of it. Undefined for what is no feed.
 */
export function salvaged(text: string): FeedDraft | undefined {
  let feed: Salvaged;
  try {
    feed = parseFeed(text);
  } catch {
    // No feed, or one that nobody can read: the caller says so.
    return undefined;
  }
  const isWhole = /<\/(?:[\w-]{1,20}:)?(?:rss|feed|rdf)\s*>\s*$/i.test(text.slice(-200));
  return {
    format: feed.meta?.type === "atom" ? "atom" : "rss",
    title: body(feed.title),
    description: body(feed.description),
    link: feed.url ?? undefined,
    language: feed.language ?? undefined,
    icon: feed.image?.url ?? undefined,
    updated: (feed.updated ?? feed.published)?.toISOString(),
    entries: (isWhole ? feed.items : feed.items.slice(0, -1)).map(entry),
  };
}

function entry(item: Salvaged["items"][number]): Draft {
  const [author] = item.authors;
  return {
    ids: [item.id ?? undefined],
    links: [item.url ?? undefined],
    title: body(item.title),
    published: item.published?.toISOString(),
    updated: item.updated?.toISOString(),
    author: author && {
      ...(author.name ? { name: author.name } : {}),
      ...(author.email ? { email: author.email } : {}),
      ...(author.url ? { url: author.url } : {}),
    },
    bodies: [body(item.content), body(item.description)],
    summary: body(item.description),
    media: item.media.map(({ url, mimeType, length }) => ({
      url,
      type: mimeType ?? undefined,
      length: length ?? undefined,
    })),
    tags: item.categories.map(({ label, term }) => label ?? term ?? undefined),
  };
}

function body(value: string | null): Body | undefined {
  return value === null ? undefined : { value, kind: "unsaid" };
}
