import type { AtomFeed } from "feedsmith";
import { mediaBodies, mediaFiles, mediaTags } from "./media.ts";
import { authorOf, type NormalizedEntry, type NormalizedFeed, type TextBody } from "./normalized-entry.ts";

/** Normalizes Atom (RFC 4287). */
export function normalizeAtom(feed: AtomFeed.Feed<string>): NormalizedFeed {
  return {
    format: "atom",
    title: textBody(feed.title),
    description: textBody(feed.subtitle),
    link: alternateLink(feed.links),
    language: feed.xml?.lang,
    icon: feed.icon ?? feed.logo ?? feed.itunes?.image,
    updated: feed.updated,
    base: feed.xml?.base,
    entries: (feed.entries ?? []).map((entry) => normalizeEntry(entry, feed)),
  };
}

function normalizeEntry(entry: AtomFeed.Entry<string>, feed: AtomFeed.Feed<string>): NormalizedEntry {
  const author = [...(entry.authors ?? []), ...(entry.source?.authors ?? []), ...(feed.authors ?? [])][0];
  const enclosures = (entry.links ?? []).filter(({ rel }) => rel === "enclosure");
  return {
    ids: [entry.id],
    links: [alternateLink(entry.links), entry.content?.src],
    title: textBody(entry.title),
    published: entry.published ?? entry.dc?.dates?.[0],
    updated: entry.updated,
    author: author && authorOf(author.name, author.email, author.uri),
    bodies: [textBody(entry.content), textBody(entry.summary), ...mediaBodies(entry.media)],
    summary: textBody(entry.summary),
    media: [...enclosures.map(({ href, type, length }) => ({ url: href, type, length })), ...mediaFiles(entry.media)],
    tags: [...(entry.categories ?? []).map(({ label, term }) => label ?? term), ...mediaTags(entry.media)],
    base: entry.xml?.base,
  };
}

function textBody(text: { readonly value?: string; readonly type?: string } | undefined): TextBody | undefined {
  if (text?.value === undefined) return undefined;
  const decoded = isEncoded(text.type) ? decodedBase64(text.value) : undefined;
  if (decoded !== undefined) return { value: decoded, kind: "unknown" };
  return { value: text.value, kind: /html/i.test(text.type ?? "") ? "html" : "text" };
}

function alternateLink(links: AtomFeed.Feed<string>["links"] = []): string | undefined {
  const alternates = links.filter(({ rel }) => rel === undefined || rel === "alternate");
  return (alternates.find(({ type }) => type === undefined || /html/i.test(type)) ?? alternates[0])?.href;
}

/** Tells whether text of a type is in Base64. That is neither text nor XML (RFC 4287 section 4.1.3.3). */
function isEncoded(type = ""): boolean {
  return type.includes("/") && !/^text\/|[/+]xml$/i.test(type.trim());
}

function decodedBase64(value: string): string | undefined {
  const characters = value.replace(/\s+/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(characters)) return undefined;
  const text = Buffer.from(characters, "base64").toString("utf8");
  return text.includes("\ufffd") ? undefined : text;
}
