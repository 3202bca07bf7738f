import { createHash } from "node:crypto";
import { optional } from "../../../../model/optional.ts";
import { parseDate } from "../../../../platform/kit/parse-date.ts";
import type { ListedAttachment } from "../../../../platform/vocabulary/vocabulary.ts";
import { absoluteLinks } from "./absolute-links.ts";
import type { Entry, FeedMeta } from "./feed.ts";
import type { NormalizedEntry, NormalizedFeed, TextBody } from "./normalized-entry.ts";
import { cut, looksLikeHtml, plainText } from "./plain-text.ts";
import { entryLink, webAddress } from "./web-address.ts";

const MAX = { line: 1_000, summary: 2_000, tag: 100, tags: 30, media: 20, body: 1_048_576 } as const;

/** Returns a feed's bounded description of itself; `url` is the address it was read at. */
export function metaOf(feed: NormalizedFeed, url: string): FeedMeta {
  const base = baseOf(feed, url);
  return {
    format: feed.format,
    ...optional("title", oneLine(plainTextOf(feed.title))),
    ...optional("description", oneLine(plainTextOf(feed.description), MAX.summary)),
    ...optional("link", webAddress(feed.link, base)),
    ...optional("language", oneLine(feed.language?.replaceAll("_", "-"), 35)),
    ...optional("icon", webAddress(feed.icon, base)),
    ...optional("updated", toUtc(feed.updated)),
  };
}

/** An entry with what tells it from others. */
export interface IdentifiedEntry {
  readonly entry: Entry;
  /** Ids of the same entry in documents with other repetitions. */
  readonly otherIds: readonly string[];
  /** True when the document has the entry's own id several times. */
  readonly isIdRepeated: boolean;
}

/** Converts a feed's entries to bounded ones. */
export function toEntries(feed: NormalizedFeed, url: string): readonly Entry[] {
  return identifyEntries(feed, url).map(({ entry }) => entry);
}

/** Converts a feed's entries. Ids and links that the document repeats identify no entry; a hash of the texts does then. */
export function identifyEntries(feed: NormalizedFeed, url: string): readonly IdentifiedEntry[] {
  const base = baseOf(feed, url);
  const converted = feed.entries.map((entry) => ({ ownId: ownId(entry), content: contentOf(entry, base) }));
  const ids = countsOf(converted.map(({ ownId: id }) => id));
  const isUnique = (id: string | undefined) => id !== undefined && ids.get(id) === 1;
  const links = countsOf(converted.map(({ ownId: id, content }) => (isUnique(id) ? undefined : content.url)));
  return converted.map(({ ownId: own, content }) => {
    const link = content.url !== undefined && links.get(content.url) === 1 ? content.url : undefined;
    const hash = contentId(content);
    const id = (isUnique(own) ? own : undefined) ?? link ?? hash;
    const otherIds = [content.url, hash].flatMap((other) => (other === undefined || other === id ? [] : [other]));
    return { entry: { id, ...content }, otherIds, isIdRepeated: own !== undefined && !isUnique(own) };
  });
}

function countsOf(values: ReadonlyArray<string | undefined>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Returns the base of relative addresses: xml:base, the channel's link, or the document's address. */
function baseOf({ base, linkBase }: NormalizedFeed, url: string): string {
  return webAddress(base, url) ?? webAddress(linkBase, url) ?? url;
}

function contentOf(normalized: NormalizedEntry, feedBase: string): Omit<Entry, "id"> {
  const base = webAddress(normalized.base, feedBase) ?? feedBase;
  return {
    ...optional("title", oneLine(plainTextOf(normalized.title))),
    ...optional(
      "url",
      normalized.links.map((link) => entryLink(link, base)).find((link) => link !== undefined),
    ),
    ...optional("published", toUtc(normalized.published)),
    ...optional("updated", toUtc(normalized.updated)),
    ...optional("author", authorOf(normalized.author, base)),
    ...bodyOf(normalized, base),
    ...optional("summary", oneLine(plainTextOf(normalized.summary), MAX.summary)),
    ...optional("attachments", nonEmpty(attachmentsOf(normalized.media, base))),
    ...optional("tags", nonEmpty(tagsOf(normalized))),
  };
}

function ownId(entry: NormalizedEntry): string | undefined {
  return entry.ids.map((id) => oneLine(id, 2_048)).find((id) => id !== undefined);
}

function contentId({ title, url, published, body, summary }: Omit<Entry, "id">): string {
  const content = JSON.stringify([title, url, published, summary ?? body]);
  return `sha256:${createHash("sha256").update(content).digest("hex").slice(0, 40)}`;
}

function bodyOf({ bodies }: NormalizedEntry, base: string): Pick<Entry, "html" | "body"> {
  const source = bodies.find((candidate) => typeof candidate?.value === "string" && candidate.value.trim() !== "");
  const value = cut(withoutControls(source?.value ?? ""), MAX.body);
  if (!source || value.trim() === "") return {};
  return isHtml(source, value)
    ? { html: cut(absoluteLinks(value, base), MAX.body), ...optional("body", plainText(value) || undefined) }
    : { body: value };
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
  const files = media.flatMap(({ url, type, length, width, height, duration }) => {
    const address = entryLink(url, base);
    if (address === undefined) return [];
    return {
      url: address,
      ...optional("mediaType", oneLine(type, 127)),
      ...optional("size", positive(length)),
      ...optional("width", positive(width)),
      ...optional("height", positive(height)),
      ...optional("duration", positive(duration)),
    };
  });
  return [...new Map(files.map((file) => [file.url, file])).values()].slice(0, MAX.media);
}

function tagsOf({ tags }: NormalizedEntry): readonly string[] {
  return [...new Set(tags.flatMap((tag) => oneLine(tag, MAX.tag) ?? []))].slice(0, MAX.tags);
}

function nonEmpty<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length > 0 ? items : undefined;
}

function positive(value: number | undefined): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function toUtc(text: string | undefined): string | undefined {
  const time = oneLine(text, 64);
  return time === undefined ? undefined : parseDate(time);
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
