import { decodeHTML } from "entities";

/** Elements whose contents nobody reads. */
const SILENT = /^(script|style|template|noscript)$/;
const BLOCK = /^\/?(p|div|br|li|ul|ol|h[1-6]|tr|table|blockquote|pre|section|article|hr|figure|figcaption)$/;

/** What an HTML text says, without its tags; one pass, so that no text takes long. */
export function plain(html: string): string {
  const parts: string[] = [];
  for (let at = 0; at < html.length; ) {
    const open = html.indexOf("<", at);
    const close = open < 0 ? -1 : html.indexOf(">", open);
    if (close < 0) {
      parts.push(html.slice(at));
      break;
    }
    parts.push(html.slice(at, open));
    const name = /^\/?[a-z][a-z0-9]{0,20}/i.exec(html.slice(open + 1, open + 24))?.[0].toLowerCase() ?? "";
    if (BLOCK.test(name)) parts.push("\n");
    at = close + 1;
    if (SILENT.test(name)) {
      const end = html.indexOf(`</${name}`, at);
      at = end < 0 ? html.length : end;
    }
  }
  const lines = decodeHTML(parts.join("")).replaceAll("\u00a0", " ").split("\n");
  return lines
    .map((line) => line.trim().replace(/[ \t\r]{2,}/g, " "))
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** True for a text that is HTML: RSS does not say which it is. */
export function looksLikeHtml(text: string): boolean {
  return /<\/?[a-z][a-z0-9]*(\s[^<>]*)?\/?>|&(#\d+|#x[\da-f]+|[a-z]+\d*);/i.test(text.slice(0, 65_536));
}

/** The first `most` UTF-16 units of a text, not ending inside of a character. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
}
