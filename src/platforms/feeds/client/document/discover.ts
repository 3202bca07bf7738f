import { decodeHTMLAttribute } from "entities";
import { webAddress } from "./web-address.ts";

const FEED_TYPES = /^application\/(rss\+xml|atom\+xml|rdf\+xml|feed\+json|json)$/i;
/** Characters that are searched: links stand in the head, not in a page's body. */
const HEAD_LENGTH = 262_144;
const MAX_LINKS = 10;

/** Returns whether a document is a web page rather than a broken feed. */
export function isWebPage(text: string, contentType: string): boolean {
  return (
    /^(text\/html|application\/xhtml\+xml)\b/i.test(contentType) ||
    /<(!doctype html|html)[\s>]/i.test(text.slice(0, 2048))
  );
}

/** Returns the feeds that a page names by `<link rel="alternate">`, in the page's order. */
export function findFeedLinks(html: string, url: string): readonly string[] {
  const tags =
    html.slice(0, HEAD_LENGTH).match(/<(?:link|base)\s(?:[^<>"']|"[^"<]{0,2048}"|'[^'<]{0,2048}'){1,3000}>/gi) ?? [];
  const elements = tags.map((tag) => ({ name: tag.slice(1, 5).toLowerCase(), ...attributesOf(tag) }));
  const base = webAddress(elements.find(({ name, href }) => name === "base" && href)?.href ?? "", url) ?? url;
  const links = elements
    .filter(({ name, rel = "", type = "" }) => name === "link" && isAlternate(rel) && FEED_TYPES.test(type.trim()))
    .flatMap(({ href = "" }) => webAddress(href, base) ?? []);
  return [...new Set(links)].slice(0, MAX_LINKS);
}

function isAlternate(rel: string): boolean {
  const relations = rel.toLowerCase().split(/\s+/);
  return relations.includes("alternate") && !relations.includes("stylesheet");
}

interface LinkAttributes {
  readonly rel?: string;
  readonly type?: string;
  readonly href?: string;
}

function attributesOf(tag: string): LinkAttributes {
  const matches = tag.matchAll(/\s(rel|type|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi);
  const attributes = [...matches].map(([, name = "", ...values]) => [
    name.toLowerCase(),
    decodeHTMLAttribute(values.find((value) => value !== undefined) ?? ""),
  ]);
  return Object.fromEntries(attributes) as LinkAttributes;
}
