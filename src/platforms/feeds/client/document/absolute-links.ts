import { tagEnds } from "./html-tags.ts";

const MAX_TAG_LENGTH = 8_192;
const LINKS = /(\s(?:href|src|poster|cite)\s*=\s*)(?:"([^"]*)"|'([^']*)')/gi;

/** Resolves the relative links of HTML against a base, in one pass. Leaves fragments and other schemes unchanged. */
export function absoluteLinks(html: string, base: string): string {
  const parts: string[] = [];
  const endOf = tagEnds(html);
  for (let position = 0; position < html.length; ) {
    const open = html.indexOf("<", position);
    const close = open < 0 ? -1 : endOf(open);
    if (close < 0) {
      parts.push(html.slice(position));
      break;
    }
    const tag = html.slice(open, close + 1);
    parts.push(html.slice(position, open), tag.length > MAX_TAG_LENGTH ? tag : resolveLinks(tag, base));
    position = close + 1;
  }
  return parts.join("");
}

function resolveLinks(tag: string, base: string): string {
  return tag.replace(LINKS, (attribute: string, name: string, quoted?: string, single?: string) => {
    const link = (quoted ?? single ?? "").trim();
    const isRelative = link !== "" && !/^(#|[a-z][a-z0-9+.-]*:)/i.test(link);
    const href = link.replaceAll("&amp;", "&");
    if (!isRelative || !URL.canParse(href, base)) return attribute;
    return `${name}"${new URL(href, base).href.replaceAll("&", "&amp;").replaceAll('"', "%22")}"`;
  });
}
