/** End of an entry. */
export const ENTRY_END = /<\/(?:[\w-]{1,20}:)?(?:item|entry)\s*>/gi;
/** Begin of an entry. */
export const ENTRY_START = /<(?:[\w-]{1,20}:)?(?:item|entry)[\s>]/i;
/** Names of elements that parsers refuse, since JavaScript objects have members of these names. */
const RESERVED =
  /(<\/?)(__proto__|constructor|prototype|hasOwnProperty|toString|valueOf|__defineGetter__|__defineSetter__|__lookupGetter__|__lookupSetter__)(?=[\s>/])/g;
const LINK = /<(?:[\w-]{1,20}:)?link\s[^<>]{0,8192}>/gi;

/** Renames elements whose names parsers refuse. */
export function withoutReservedNames(text: string): string {
  return text.replace(RESERVED, "$1x-$2");
}

/** Gives Base64 of Atom 0.3 the form of Atom 1.0. */
export function withCurrentBase64(text: string): string {
  return text.replaceAll(/ mode=(?:"base64"|'base64')/g, ' type="application/octet-stream"');
}

const FULL_TEXT = /<(\/?)(?:(?:[\w-]{1,20}:)?body|fullitem)(?:\s[^<>]{0,1024})?>/gi;

/**
 * Gives full texts of old RSS items their current form. They are XHTML in `body`, or a `fullitem`. Feeds that have
 * `content:encoded` need no repair.
 */
export function withFullTexts(text: string): string {
  if (!/<(?:rss|rdf:RDF)[\s>]/.test(text.slice(0, 4_096)) || text.includes("content:encoded")) return text;
  const pieces: string[] = [];
  let start = 0;
  let open: { readonly end: number; readonly isMarkup: boolean } | undefined;
  for (const { 0: tag, 1: slash, index } of text.matchAll(FULL_TEXT)) {
    if (slash === "" && open === undefined) {
      open = { end: index + tag.length, isMarkup: !/fullitem/i.test(tag) };
      pieces.push(text.slice(start, index));
    } else if (slash === "/" && open !== undefined) {
      const inner = text.slice(open.end, index);
      const value = open.isMarkup && !inner.includes("]]>") ? `<![CDATA[${inner.trim()}]]>` : inner;
      pieces.push(`<content:encoded xmlns:content="${CONTENT}">${value}</content:encoded>`);
      start = index + tag.length;
      open = undefined;
    }
  }
  return open === undefined ? pieces.join("") + text.slice(start) : text;
}

const CONTENT = "http://purl.org/rss/1.0/modules/content/";

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
 * Gives entries their original address. FeedBurner and other proxies count clicks by an address of their own, and repeat the
 * publisher's in an element that the parser does not know.
 */
export function withOriginalLinks(text: string): string {
  if (!text.includes(":origLink")) return text;
  const pieces: string[] = [];
  let start = 0;
  for (const { 0: tag, index } of text.matchAll(ENTRY_END)) {
    pieces.push(withOriginalLink(text.slice(start, index + tag.length)));
    start = index + tag.length;
  }
  return pieces.join("") + text.slice(start);
}

function withOriginalLink(piece: string): string {
  const original = /<(?:feedburner|pheedo):origLink>\s*([^<\s]{1,2048})\s*</.exec(piece)?.[1];
  if (original === undefined) return piece;
  const start = Math.max(0, piece.search(ENTRY_START));
  const entry = piece.slice(start).replace(LINK, (tag) => withAddress(tag, original));
  const open = entry.indexOf("<link>");
  const close = entry.indexOf("</link>", open);
  if (open < 0 || close < 0) return piece.slice(0, start) + entry;
  return `${piece.slice(0, start)}${entry.slice(0, open)}<link>${original}${entry.slice(close)}`;
}

/** Replaces the address of an Atom link to the entry's page. */
function withAddress(tag: string, address: string): string {
  if (!/\srel\s*=\s*["']alternate["']/i.test(tag)) return tag;
  return tag.replace(/(\shref\s*=\s*)(?:"[^"]*"|'[^']*')/, (_, name: string) => `${name}"${address}"`);
}
