import { MAX_ENTRIES } from "../../schemas/fetch.ts";
import { parseDate } from "./date.ts";

/** Names of elements that parsers refuse, since JavaScript objects have members of these names. */
const RESERVED =
  /(<\/?)(__proto__|constructor|prototype|hasOwnProperty|toString|valueOf|__defineGetter__|__defineSetter__|__lookupGetter__|__lookupSetter__)(?=[\s>/])/g;
const LINK = /<(?:[\w-]{1,20}:)?link\s[^<>]{0,8192}>/gi;
const DATE = /<(?:[\w-]{1,20}:)?(?:pubDate|published|updated|date)\s*>([^<]{1,64})</i;

/** Renames elements whose names parsers refuse. */
export function withoutReservedNames(text: string): string {
  return text.replace(RESERVED, "$1x-$2");
}

/** Resolves links by their own xml:base. The parser reads that of feeds and entries only. */
export function withLinkBases(text: string): string {
  return text.replace(LINK, (tag) => {
    const base = /\bxml:base\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(tag);
    if (base === null) return tag;
    return tag.replace(
      /(\shref\s*=\s*)(?:"([^"]*)"|'([^']*)')/,
      (_, name: string, quoted?: string, single?: string) => {
        return `${name}"${joined(quoted ?? single ?? "", base[1] ?? base[2] ?? "")}"`;
      },
    );
  });
}

/** Resolves a link against a base that may itself be relative. */
function joined(href: string, base: string): string {
  const root = "http://relative.invalid/";
  if (!URL.canParse(base, root) || !URL.canParse(href, new URL(base, root).href)) return href;
  const address = new URL(href, new URL(base, root)).href;
  return address.startsWith(root) && !base.startsWith("/")
    ? address.slice(root.length)
    : address.replace(/^http:\/\/relative\.invalid/, "");
}

/**
 * Removes entries beyond the maximum from an XML feed. Keeps the first ones, the last ones where the feed has its oldest first,
 * and some of both where that is unknown.
 */
export function shortenFeed(text: string): string {
  const ends = [...text.matchAll(/<\/(?:[\w-]{1,20}:)?(?:item|entry)\s*>/gi)].map(
    ({ 0: tag, index }) => index + tag.length,
  );
  if (ends.length <= MAX_ENTRIES) return text;
  const lastCount = lastToKeep(text, ends);
  const cutStart = ends[MAX_ENTRIES - lastCount - 1] ?? text.search(/<(?:[\w-]{1,20}:)?(?:item|entry)[\s>]/i);
  const cutEnd = ends[ends.length - lastCount - 1] ?? text.length;
  return `${text.slice(0, cutStart)}${text.slice(cutEnd)}`;
}

/** Returns the number of last entries to keep. */
function lastToKeep(text: string, ends: readonly number[]): number {
  const first = dateIn(text.slice(0, ends[0]));
  const last = dateIn(text.slice(ends.at(-2), ends.at(-1)));
  if (first === undefined || last === undefined) return MAX_ENTRIES / 2;
  return last > first ? MAX_ENTRIES : 0;
}

function dateIn(entry: string): string | undefined {
  const start = entry.search(/<(?:[\w-]{1,20}:)?(?:item|entry)[\s>]/i);
  const date = DATE.exec(entry.slice(Math.max(0, start)))?.[1];
  return date === undefined ? undefined : parseDate(date.trim());
}
