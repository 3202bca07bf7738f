import { createHash } from "node:crypto";
import { optional } from "../../../../model/optional.ts";
import type { ListedAttachment } from "../../../../platform/vocabulary/vocabulary.ts";
import type { Entry, FeedMeta } from "./feed.ts";
import type { NormalizedEntry, NormalizedFeed, TextBody } from "./normalized-entry.ts";
import { cut, looksLikeHtml, plainText } from "./plain-text.ts";
import { webAddress } from "./web-address.ts";

const MAX = { line: 1_000, summary: 2_000, tag: 100, tags: 30, media: 20, body: 1_048_576 } as const;

/** Returns a feed's bounded description of itself; `url` is the address it was read at. */
export function metaOf(feed: NormalizedFeed, url: string): FeedMeta {
  const base = webAddress(feed.base, url) ?? url;
  return {
    format: feed.format,
    ...optional("title", oneLine(plainTextOf(feed.title))),
    ...optional("description", oneLine(plainTextOf(feed.description), MAX.summary)),
    ...optional("link", webAddress(feed.link, base)),
    ...optional("language", oneLine(feed.language, 35)),
    ...optional("icon", webAddress(feed.icon, base)),
    ...optional("updated", toUtc(feed.updated)),
  };
}

/** Converts a feed's entries to bounded ones. Ignores ids that the document repeats. */
export function toEntries(feed: NormalizedFeed, url: string): readonly Entry[] {
  const base = webAddress(feed.base, url) ?? url;
  const counts = new Map<string, number>();
  for (const id of feed.entries.map(ownId)) if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  return feed.entries.map((entry) => toEntry(entry, base, (id) => counts.get(id) === 1));
}

function toEntry(normalized: NormalizedEntry, feedBase: string, isUnique: (id: string) => boolean): Entry {
  const base = webAddress(normalized.base, feedBase) ?? feedBase;
  const content = {
    ...optional("title", oneLine(plainTextOf(normalized.title))),
    ...optional(
      "url",
      normalized.links.map((link) => webAddress(link, base)).find((link) => link !== undefined),
    ),
    ...optional("published", toUtc(normalized.published)),
    ...optional("updated", toUtc(normalized.updated)),
    ...optional("author", authorOf(normalized.author, base)),
    ...bodyOf(normalized),
    ...optional("summary", oneLine(plainTextOf(normalized.summary), MAX.summary)),
    ...optional("attachments", nonEmpty(attachmentsOf(normalized.media, base))),
    ...optional("tags", nonEmpty(tagsOf(normalized))),
  };
  const id = ownId(normalized);
  return { id: (id !== undefined && isUnique(id) ? id : content.url) ?? contentId(content), ...content };
}

function ownId(entry: NormalizedEntry): string | undefined {
  return entry.ids.map((id) => oneLine(id, 2_048)).find((id) => id !== undefined);
}

function contentId({ title, published, body, summary }: Omit<Entry, "id">): string {
  const content = JSON.stringify([title, published, summary ?? body]);
  return `sha256:${createHash("sha256").update(content).digest("hex").slice(0, 40)}`;
}

function bodyOf({ bodies }: NormalizedEntry): Pick<Entry, "html" | "body"> {
  const source = bodies.find((candidate) => typeof candidate?.value === "string" && candidate.value.trim() !== "");
  const value = cut(withoutControls(source?.value ?? ""), MAX.body);
  if (!source || value.trim() === "") return {};
  return isHtml(source, value) ? { html: value, ...optional("body", plainText(value) || undefined) } : { body: value };
}

function authorOf(author: NormalizedEntry["author"], base: string): Entry["author"] {
  const members = {
    ...optional("name", oneLine(author?.name, 256)),
    ...optional("url", webAddress(author?.url, base)),
    ...optional("address", oneLine(author?.email, 256)),
  };
  return Object.keys(members).length > 0 ? members : undefined;
}

function attachmentsOf(media: NormalizedEntry["media"], base: string): readonly ListedAttachment[] {
  const files = media.flatMap(({ url, type, length }) => {
    const address = webAddress(url, base);
    const size = typeof length === "number" && Number.isSafeInteger(length) && length > 0 ? length : undefined;
    if (address === undefined) return [];
    return { url: address, ...optional("mediaType", oneLine(type, 127)), ...optional("size", size) };
  });
  return [...new Map(files.map((file) => [file.url, file])).values()].slice(0, MAX.media);
}

function tagsOf({ tags }: NormalizedEntry): readonly string[] {
  return [...new Set(tags.flatMap((tag) => oneLine(tag, MAX.tag) ?? []))].slice(0, MAX.tags);
}

function nonEmpty<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length > 0 ? items : undefined;
}

/** Converts a time to UTC. A time without a zone is UTC, since no feed means this machine's zone. */
function toUtc(text: string | undefined): string | undefined {
  const time = oneLine(text, 64);
  if (time === undefined) return undefined;
  const hasZone = /(\d[zZ]|[+-]\d{2}:?\d{2}|[\s\d][A-Za-z]{2,5})$/.test(time) || /^\d{4}(-\d\d){0,2}$/.test(time);
  const date = new Date(hasZone ? time : `${time}Z`);
  const year = date.getUTCFullYear();
  return year >= 1000 && year <= 9999 ? date.toISOString() : undefined;
}

function plainTextOf(body: TextBody | undefined): string | undefined {
  if (typeof body?.value !== "string") return undefined;
  const value = cut(body.value, 65_536);
  return isHtml(body, value) ? plainText(value) : value;
}

function isHtml({ kind }: TextBody, value: string): boolean {
  return kind === "html" || (kind === "unknown" && looksLikeHtml(value));
}

/** Returns one line of text without control characters; undefined when nothing remains. */
function oneLine(text: string | undefined, maxLength: number = MAX.line): string | undefined {
  if (typeof text !== "string") return undefined;
  const line = cut(text, maxLength * 4).replace(/[\p{Cc}\p{Cs}\u2028\u2029\s]+/gu, " ");
  return cut(line.trim(), maxLength).trim() || undefined;
}

/** Removes NUL and other characters that JSON carries but many databases refuse. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{C}\t\n\r\p{Cf}\p{Co}\p{Cn}]+/gu, "");
}
