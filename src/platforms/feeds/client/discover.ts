import { decodeHTMLAttribute } from "entities";

const TYPES = /^application\/(rss\+xml|atom\+xml|rdf\+xml|feed\+json|json)$/i;
/** Links stand in the head; a page's body is not searched. */
const HEAD = 262_144;
const MOST = 10;

/** True for a document that is a web page rather than a broken feed. */
export function isPage(text: string, contentType: string): boolean {
  return (
    /^(text\/html|application\/xhtml\+xml)\b/i.test(contentType) ||
    /<(!doctype html|html)[\s>]/i.test(text.slice(0, 2048))
  );
}

/** Addresses of the feeds that a page names with `<link rel="alternate">`, complete, in the page's order. */
export function feedsOf(html: string, url: string): readonly string[] {
  const tags =
    html.slice(0, HEAD).match(/<(?:link|base)\s(?:[^<>"']|"[^"<]{0,2048}"|'[^'<]{0,2048}'){1,3000}>/gi) ?? [];
  const elements = tags.map((tag) => ({ name: tag.slice(1, 5).toLowerCase(), ...attributesOf(tag) }));
  const base = webAddress(elements.find(({ name, href }) => name === "base" && href)?.href ?? "", url) ?? url;
  const found = elements
    .filter(({ name, rel = "", type = "" }) => name === "link" && alternate(rel) && TYPES.test(type.trim()))
    .flatMap(({ href = "" }) => webAddress(href, base) ?? []);
  return [...new Set(found)].slice(0, MOST);
}

/** A complete http or https address; undefined for anything else. */
export function webAddress(href: string | undefined, base: string): string | undefined {
  if (!href || !URL.canParse(href.trim(), base)) return undefined;
  const { protocol, href: whole } = new URL(href.trim(), base);
  return /^https?:$/.test(protocol) && whole.length <= 2048 ? whole : undefined;
}

function alternate(rel: string): boolean {
  const words = rel.toLowerCase().split(/\s+/);
  return words.includes("alternate") && !words.includes("stylesheet");
}

interface Attributes {
  readonly rel?: string;
  readonly type?: string;
  readonly href?: string;
}

function attributesOf(tag: string): Attributes {
  const found = tag.matchAll(/\s(rel|type|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi);
  const pairs = [...found].map(([, name = "", ...values]) => [
    name.toLowerCase(),
    decodeHTMLAttribute(values.find((value) => value !== undefined) ?? ""),
  ]);
  return Object.fromEntries(pairs) as Attributes;
}
