import { createHash } from "node:crypto";
import { webAddress } from "../discover.ts";
import type { Entry, FeedMeta, Media } from "./feed.ts";
import type { Body, Draft, FeedDraft } from "./normalized-entry.ts";
import { cut, looksLikeHtml, plain } from "./plain-text.ts";

const MOST = { line: 1_000, summary: 2_000, tag: 100, tags: 30, media: 20, body: 1_048_576 } as const;

/** What a feed says of itself, bounded. `url` is where it was read. */
export function metaOf(draft: FeedDraft, url: string): FeedMeta {
  const base = webAddress(draft.base, url) ?? url;
  return {
    format: draft.format,
    ...given("title", line(plainOf(draft.title))),
    ...given("description", line(plainOf(draft.description), MOST.summary)),
    ...given("link", webAddress(draft.link, base)),
    ...given("language", line(draft.language, 35)),
    ...given("icon", webAddress(draft.icon, base)),
    ...given("updated", moment(draft.updated)),
  };
}

/** The entries in the one shape that apps see, each bounded. An id that the document repeats is not taken for one. */
export function entriesOf(draft: FeedDraft, url: string): readonly Entry[] {
  const base = webAddress(draft.base, url) ?? url;
  const seen = new Map<string, number>();
  for (const id of draft.entries.map(ownId)) if (id !== undefined) seen.set(id, (seen.get(id) ?? 0) + 1);
  return draft.entries.map((entry) => entryOf(entry, base, (id) => seen.get(id) === 1));
}

function entryOf(draft: Draft, feedBase: string, unique: (id: string) => boolean): Entry {
  const base = webAddress(draft.base, feedBase) ?? feedBase;
  const said = {
    ...given("title", line(plainOf(draft.title))),
    ...given(
      "url",
      draft.links.map((link) => webAddress(link, base)).find((link) => link !== undefined),
    ),
    ...given("published", moment(draft.published)),
    ...given("updated", moment(draft.updated)),
    ...given("author", authorOf(draft.author, base)),
    ...bodyOf(draft),
    ...given("summary", line(plainOf(draft.summary), MOST.summary)),
    media: mediaOf(draft.media, base),
    tags: [...new Set(draft.tags.flatMap((tag) => line(tag, MOST.tag) ?? []))].slice(0, MOST.tags),
  };
  const id = ownId(draft);
  return { id: (id !== undefined && unique(id) ? id : said.url) ?? hashed(said), ...said };
}

function ownId(draft: Draft): string | undefined {
  return draft.ids.map((id) => line(id, 2_048)).find((id) => id !== undefined);
}

function hashed({ title, published, text, summary }: Omit<Entry, "id">): string {
  const words = JSON.stringify([title, published, summary ?? text]);
  return `sha256:${createHash("sha256").update(words).digest("hex").slice(0, 40)}`;
}

function bodyOf(draft: Draft): Pick<Entry, "html" | "text"> {
  const body = draft.bodies.find((candidate) => typeof candidate?.value === "string" && candidate.value.trim() !== "");
  const value = cut(clean(body?.value ?? ""), MOST.body);
  if (!body || value.trim() === "") return {};
  const html = body.kind === "html" || (body.kind === "unsaid" && looksLikeHtml(value));
  return html ? { html: value, ...given("text", plain(value) || undefined) } : { text: value };
}

function authorOf(author: Draft["author"], base: string): Entry["author"] {
  const found = {
    ...given("name", line(author?.name, 256)),
    ...given("url", webAddress(author?.url, base)),
    ...given("address", line(author?.email, 256)),
  };
  return Object.keys(found).length > 0 ? found : undefined;
}

function mediaOf(media: Draft["media"], base: string): readonly Media[] {
  const found = media.flatMap(({ url, type, length }) => {
    const address = webAddress(url, base);
    const size = typeof length === "number" && Number.isSafeInteger(length) && length > 0 ? length : undefined;
    return address === undefined ? [] : { url: address, ...given("type", line(type, 127)), ...given("length", size) };
  });
  return [...new Map(found.map((one) => [one.url, one])).values()].slice(0, MOST.media);
}

/** The moment in UTC. A time without a zone is taken as UTC: no feed may mean this machine's. */
function moment(text: string | undefined): string | undefined {
  const said = line(text, 64);
  if (said === undefined) return undefined;
  const zoned = /(\d[zZ]|[+-]\d{2}:?\d{2}|[\s\d][A-Za-z]{2,5})$/.test(said) || /^\d{4}(-\d\d){0,2}$/.test(said);
  const date = new Date(zoned ? said : `${said}Z`);
  const year = date.getUTCFullYear();
  return year >= 1000 && year <= 9999 ? date.toISOString() : undefined;
}

function plainOf(body: Body | undefined): string | undefined {
  if (typeof body?.value !== "string") return undefined;
  const value = cut(body.value, 65_536);
  return body.kind === "html" || (body.kind === "unsaid" && looksLikeHtml(value)) ? plain(value) : value;
}

/** One line of text without control characters; undefined when nothing is left. */
function line(text: string | undefined, most: number = MOST.line): string | undefined {
  if (typeof text !== "string") return undefined;
  const words = cut(text, most * 4).replace(/[\p{Cc}\p{Cs}\u2028\u2029\s]+/gu, " ");
  return cut(words.trim(), most).trim() || undefined;
}

/** Without NUL and the like, which JSON carries but many databases refuse. */
function clean(text: string): string {
  return text.replace(/[^\P{C}\t\n\r\p{Cf}\p{Co}\p{Cn}]+/gu, "");
}

function given<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
