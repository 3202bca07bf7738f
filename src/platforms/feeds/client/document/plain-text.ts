import { decodeHTML } from "entities";
import { tagEnds } from "./html-tags.ts";

/** Elements that mark a text as HTML; `Vec<T>` is none. */
const TAGS = new Set(
  (
    "a abbr acronym applet article audio b big blink blockquote br button canvas center cite code dd del details div dl dt em " +
    "embed figcaption figure font footer form frameset h1 h2 h3 h4 h5 h6 header hr i iframe img input ins kbd label li link " +
    "map mark marquee math meta nav noscript object ol p picture pre q s samp script section small source span strike strong " +
    "style sub sup svg table tbody td template textarea tfoot th thead tr tt u ul var video wbr"
  ).split(" "),
);
/** Elements whose contents are not text. */
const INVISIBLE = /^(script|style|template|noscript)$/;
const BLOCK = /^\/?(p|div|br|li|ul|ol|h[1-6]|tr|table|blockquote|pre|section|article|hr|figure|figcaption)$/;

/** Returns HTML's text without tags, in a single pass so that no text takes long. */
export function plainText(html: string): string {
  const parts: string[] = [];
  const endOf = tagEnds(html);
  for (let position = 0; position < html.length; ) {
    const open = html.indexOf("<", position);
    const close = open < 0 ? -1 : endOf(open);
    if (close < 0) {
      parts.push(html.slice(position));
      break;
    }
    parts.push(html.slice(position, open));
    const name = /^\/?[a-z][a-z0-9]{0,20}/i.exec(html.slice(open + 1, open + 24))?.[0].toLowerCase() ?? "";
    if (BLOCK.test(name)) parts.push("\n");
    position = close + 1;
    if (INVISIBLE.test(name)) {
      const end = html.indexOf(`</${name}`, position);
      position = end < 0 ? html.length : end;
    }
  }
  const lines = decodeHTML(parts.join("")).replaceAll("\u00a0", " ").split("\n");
  return lines
    .map((line) => line.trim().replace(/[ \t\r]{2,}/g, " "))
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** Guesses whether a text is HTML, which RSS does not declare. */
export function looksLikeHtml(text: string): boolean {
  const start = text.slice(0, 65_536);
  if (/&(#\d+|#x[\da-f]+|[a-z]+\d*);/i.test(start)) return true;
  return [...start.matchAll(/<\/?([a-z][a-z0-9]*)(?:\s[^<>]*)?\/?>/gi)].some(([, name = ""]) =>
    TAGS.has(name.toLowerCase()),
  );
}

/** Cuts a text after `maxLength` UTF-16 units, never inside a surrogate pair. */
export function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, "");
}
