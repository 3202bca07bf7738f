import type { AnyFeed, AtomFeed, JsonFeed, RdfFeed, RssFeed } from "feedsmith";
import type { FeedMeta } from "./feed.ts";

/** A text of which the feed says, or does not say, whether it is HTML. */
export interface Body {
  readonly value?: string | undefined;
  readonly kind: "html" | "text" | "unsaid";
}

/** An entry in words common to all formats, as its feed has them: unbounded and unchecked. */
export interface Draft {
  readonly ids: readonly (string | undefined)[];
  readonly links: readonly (string | undefined)[];
  readonly title?: Body | undefined;
  readonly published?: string | undefined;
  readonly updated?: string | undefined;
  readonly author?: { readonly name?: string; readonly email?: string; readonly url?: string } | undefined;
  /** The first one with a value is the entry's body. */
  readonly bodies: readonly (Body | undefined)[];
  readonly summary?: Body | undefined;
  readonly media: ReadonlyArray<{
    readonly url?: string | undefined;
    readonly type?: string | undefined;
    readonly length?: number | undefined;
  }>;
  readonly tags: readonly (string | undefined)[];
  /** What relative addresses start from (xml:base). */
  readonly base?: string | undefined;
}

/** A feed in the same manner. */
export interface FeedDraft extends Pick<FeedMeta, "format"> {
  readonly title?: Body | undefined;
  readonly description?: Body | undefined;
  readonly link?: string | undefined;
  readonly language?: string | undefined;
  readonly icon?: string | undefined;
  readonly updated?: string | undefined;
  readonly base?: string | undefined;
  readonly entries: readonly Draft[];
}

/** Reads what feedsmith made of a document into the common words. */
export function draftOf(parsed: AnyFeed): FeedDraft {
  switch (parsed.format) {
    case "atom":
      return atomDraft(parsed.feed);
    case "json":
      return jsonDraft(parsed.feed);
    default:
      return rssDraft(parsed.format, parsed.feed);
  }
}

const unsaid = (value: string | undefined): Body => ({ value, kind: "unsaid" });

function rssDraft(format: "rss" | "rdf", feed: RssFeed.Feed<string> | RdfFeed.Feed<string>): FeedDraft {
  const rss: Partial<RssFeed.Feed<string>> = format === "rss" ? feed : {};
  return {
    format,
    title: unsaid(feed.title),
    description: unsaid(feed.description),
    link: feed.link,
    language: rss.language ?? feed.dc?.languages?.[0],
    icon: feed.image?.url,
    updated: rss.lastBuildDate ?? rss.pubDate ?? feed.dc?.dates?.[0],
    base: feed.xml?.base,
    entries: (feed.items ?? []).map(rssEntry),
  };
}

function rssEntry(item: RssFeed.Item<string> & { rdf?: { about?: string } }): Draft {
  const { guid, authors, dc, media } = item;
  const creator = dc?.creators?.[0];
  const [first] = authors ?? [];
  const permalink = guid?.isPermaLink === false ? undefined : guid?.value;
  const encoded = item.content?.encoded;
  return {
    ids: [guid?.value, item.rdf?.about],
    links: [item.link, permalink, item.atom?.links?.find(({ rel }) => rel === undefined || rel === "alternate")?.href],
    title: unsaid(item.title),
    published: item.pubDate ?? dc?.dates?.[0] ?? item.atom?.published,
    updated: item.atom?.updated ?? item.dcterms?.modified?.[0],
    author:
      creator === undefined
        ? first && { ...named(first.name, first.email), ...(first.link ? { url: first.link } : {}) }
        : { name: creator },
    bodies: [{ value: encoded, kind: "html" }, unsaid(item.description)],
    summary: unsaid(item.description),
    media: [
      ...(item.enclosures ?? []),
      ...(media?.contents ?? []).map(({ url, type, fileSize }) => ({ url, type, length: fileSize })),
    ],
    tags: [...(item.categories ?? []).map(({ name }) => name), ...(dc?.subjects ?? [])],
    base: item.xml?.base,
  };
}

function atomDraft(feed: AtomFeed.Feed<string>): FeedDraft {
  return {
    format: "atom",
    title: atomText(feed.title),
    description: atomText(feed.subtitle),
    link: alternate(feed.links),
    language: feed.xml?.lang,
    icon: feed.icon ?? feed.logo,
    updated: feed.updated,
    base: feed.xml?.base,
    entries: (feed.entries ?? []).map((entry) => atomEntry(entry, feed)),
  };
}

function atomEntry(entry: AtomFeed.Entry<string>, feed: AtomFeed.Feed<string>): Draft {
  const author = [...(entry.authors ?? []), ...(entry.source?.authors ?? []), ...(feed.authors ?? [])][0];
  const enclosures = (entry.links ?? []).filter(({ rel }) => rel === "enclosure");
  return {
    ids: [entry.id],
    links: [alternate(entry.links), entry.content?.src],
    title: atomText(entry.title),
    published: entry.published,
    updated: entry.updated,
    author: author && { ...named(author.name, author.email), ...(author.uri ? { url: author.uri } : {}) },
    bodies: [atomText(entry.content), atomText(entry.summary)],
    summary: atomText(entry.summary),
    media: [
      ...enclosures.map(({ href, type, length }) => ({ url: href, type, length })),
      ...(entry.media?.contents ?? []).map(({ url, type, fileSize }) => ({ url, type, length: fileSize })),
    ],
    tags: (entry.categories ?? []).map(({ label, term }) => label ?? term),
    base: entry.xml?.base,
  };
}

function atomText(text: { readonly value?: string; readonly type?: string } | undefined): Body | undefined {
  if (text?.value === undefined) return undefined;
  return { value: text.value, kind: /html/i.test(text.type ?? "") ? "html" : "text" };
}

function alternate(links: AtomFeed.Feed<string>["links"] = []): string | undefined {
  const fitting = links.filter(({ rel }) => rel === undefined || rel === "alternate");
  return (fitting.find(({ type }) => type === undefined || /html/i.test(type)) ?? fitting[0])?.href;
}

function jsonDraft(feed: JsonFeed.Feed<string>): FeedDraft {
  return {
    format: "json",
    title: { value: feed.title, kind: "text" },
    description: { value: feed.description, kind: "text" },
    link: feed.home_page_url,
    language: feed.language,
    icon: feed.icon ?? feed.favicon,
    entries: (feed.items ?? []).map((item) => jsonEntry(item, feed)),
  };
}

function jsonEntry(item: JsonFeed.Item<string>, feed: JsonFeed.Feed<string>): Draft {
  const author = item.authors?.[0] ?? feed.authors?.[0];
  return {
    ids: [item.id],
    links: [item.url, item.external_url],
    title: { value: item.title, kind: "text" },
    published: item.date_published,
    updated: item.date_modified,
    author: author && { ...named(author.name, undefined), ...(author.url ? { url: author.url } : {}) },
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

function named(
  name: string | undefined,
  email: string | undefined,
): { readonly name?: string; readonly email?: string } {
  return { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) };
}
