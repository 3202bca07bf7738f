import type { RdfFeed, RssFeed } from "feedsmith";
import { mediaBodies, mediaFiles, mediaTags } from "./media.ts";
import { authorIn, authorOf, type NormalizedEntry, type NormalizedFeed, type TextBody } from "./normalized-entry.ts";

const textBody = (value: string | undefined): TextBody => ({ value, kind: "unknown" });

/** Normalizes RSS 0.9x, 1.0 (RDF) and 2.0. */
export function normalizeRss(format: "rss" | "rdf", feed: RssFeed.Feed<string> | RdfFeed.Feed<string>): NormalizedFeed {
  const rss: Partial<RssFeed.Feed<string>> = format === "rss" ? feed : {};
  return {
    format,
    title: textBody(feed.title || feed.dc?.titles?.[0]),
    description: textBody(
      feed.description || rss.itunes?.subtitle || rss.itunes?.summary || feed.dc?.descriptions?.[0],
    ),
    link: feed.link,
    linkBase: feed.link,
    language: rss.language ?? feed.dc?.languages?.[0],
    icon: feed.image?.url ?? rss.itunes?.image,
    updated:
      rss.lastBuildDate ?? rss.pubDate ?? feed.dc?.dates?.[0] ?? rss.dcterms?.modified?.[0] ?? rss.dcterms?.issued?.[0],
    base: feed.xml?.base,
    entries: (feed.items ?? []).map(normalizeItem),
  };
}

function normalizeItem(item: RssFeed.Item<string> & { rdf?: { about?: string } }): NormalizedEntry {
  const { guid, authors, dc, media, itunes } = item;
  const creator = dc?.creators?.[0] ?? (authors?.length ? undefined : itunes?.author);
  const [author] = authors ?? [];
  const permalink = guid?.isPermaLink === false ? undefined : guid?.value;
  return {
    ids: [guid?.value, item.rdf?.about],
    links: [item.link, permalink, item.atom?.links?.find(({ rel }) => rel === undefined || rel === "alternate")?.href],
    title: textBody(item.title || dc?.titles?.[0] || media?.title?.value),
    published:
      item.pubDate ?? dc?.dates?.[0] ?? item.atom?.published ?? item.dcterms?.created?.[0] ?? item.dcterms?.issued?.[0],
    updated: item.atom?.updated ?? item.dcterms?.modified?.[0],
    author: creator === undefined ? author && authorOf(author.name, author.email, author.link) : authorIn(creator),
    bodies: [
      { value: item.content?.encoded, kind: "html" },
      textBody(item.description),
      textBody(itunes?.summary),
      ...mediaBodies(media),
      textBody(dc?.descriptions?.[0]),
      textBody(itunes?.subtitle),
    ],
    summary: textBody(item.description ?? itunes?.subtitle ?? itunes?.summary ?? dc?.descriptions?.[0]),
    media: [
      ...(item.enclosures ?? []).map((file) => ({ ...file, duration: itunes?.duration })),
      ...mediaFiles(media),
      ...(itunes?.image === undefined ? [] : [{ url: itunes.image }]),
    ],
    tags: [
      ...(item.categories ?? []).map(({ name }) => name),
      ...(dc?.subjects ?? []),
      ...(itunes?.keywords ?? []),
      ...mediaTags(media),
    ],
    base: item.xml?.base,
  };
}
