import { parseFeed } from "@rowanmanning/feed-parser";
import type { NormalizedEntry, NormalizedFeed, TextBody } from "./normalized-entry.ts";

type LenientFeed = ReturnType<typeof parseFeed>;
const FORMATS: Readonly<Record<string, NormalizedFeed["format"]>> = { atom: "atom", rdf: "rdf" };

/**
 * Parses an XML feed that the strict parser refuses: many are ill-formed or cut short. Omits the last entry of a feed that
 * is cut, since parts of it may be missing. Returns undefined for other texts.
 */
export function parseLeniently(text: string): NormalizedFeed | undefined {
  const whole = withoutOpenCdata(text);
  let feed: LenientFeed;
  try {
    feed = parseFeed(whole);
  } catch {
    // Not a feed, or an unreadable one: the caller reports it.
    return undefined;
  }
  const isComplete = whole !== text || /<\/(?:[\w-]{1,20}:)?(?:rss|feed|rdf)\s*>\s*$/i.test(text.slice(-200));
  return {
    format: FORMATS[feed.meta?.type ?? ""] ?? "rss",
    title: textBody(feed.title),
    description: textBody(feed.description),
    link: feed.url ?? undefined,
    linkBase: feed.url ?? undefined,
    language: feed.language ?? undefined,
    icon: feed.image?.url ?? undefined,
    updated: (feed.updated ?? feed.published)?.toISOString(),
    entries: (isComplete ? feed.items : feed.items.slice(0, -1)).map(normalizedEntry),
  };
}

/** Removes the entry whose CDATA section is never closed, with all that follows. */
function withoutOpenCdata(text: string): string {
  const open = text.lastIndexOf("<![CDATA[");
  if (open < 0 || text.indexOf("]]>", open) >= 0) return text;
  const entry = Math.max(text.lastIndexOf("<item", open), text.lastIndexOf("<entry", open));
  return entry < 0 ? text : text.slice(0, entry);
}

function normalizedEntry(item: LenientFeed["items"][number]): NormalizedEntry {
  const [author] = item.authors;
  return {
    ids: [item.id ?? undefined],
    links: [item.url ?? undefined],
    title: textBody(item.title),
    published: item.published?.toISOString(),
    updated: item.updated?.toISOString(),
    author: author && {
      ...(author.name ? { name: author.name } : {}),
      ...(author.email ? { email: author.email } : {}),
      ...(author.url ? { url: author.url } : {}),
    },
    bodies: [textBody(item.content), textBody(item.description)],
    summary: textBody(item.description),
    media: item.media.map(({ url, mimeType, length }) => ({
      url,
      type: mimeType ?? undefined,
      length: length ?? undefined,
    })),
    tags: item.categories.map(({ label, term }) => label ?? term ?? undefined),
  };
}

function textBody(value: string | null): TextBody | undefined {
  return value === null ? undefined : { value, kind: "unknown" };
}
