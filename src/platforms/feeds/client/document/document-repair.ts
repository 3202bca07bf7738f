const CUT_END = /<\/([\w:-]{1,40})\s*$/;
const CHANNEL = /<(?:[\w-]{1,20}:)?channel[\s/>]/i;

/** Closes an end tag that the document's end cuts. Only one or two characters are missing then, and no entry. */
export function withWholeEnd(text: string): string {
  const start = Math.max(0, text.length - 128);
  return text.slice(0, start) + text.slice(start).replace(CUT_END, "</$1>");
}

/** Inserts the channel into RSS without one. Some programs write such RSS before the first entry. */
export function withChannel(text: string): string {
  const root = /<(rss|(?:[\w-]{1,20}:)?RDF)(?:\s[^<>]{0,8192})?>/.exec(text.slice(0, 65_536));
  if (!root || CHANNEL.test(text)) return text;
  const [tag, name = ""] = root;
  const end = text.lastIndexOf(`</${name}`);
  const start = root.index + tag.length;
  if (end < start) return text;
  const [first, second] = name === "rss" ? [start, end] : [start, start];
  return `${text.slice(0, first)}<channel>${text.slice(first, second)}</channel>${text.slice(second)}`;
}

const ITUNES_LINK = /<itunes:link\s[^<>]{0,4096}>(?:\s{0,64}<\/itunes:link>)?/gi;
const ITUNES_IMAGE = /<itunes:image\s[^<>]{0,4096}>/gi;

/** Converts other forms of iTunes images: `url` for `href`, and links with `rel="image"`. */
export function withItunesImages(text: string): string {
  if (!text.includes("<itunes:")) return text;
  return text
    .replace(ITUNES_IMAGE, (tag) => (/\shref\s*=/i.test(tag) ? tag : tag.replace(/\surl(?=\s*=)/i, " href")))
    .replace(ITUNES_LINK, (tag) => {
      const href = /\shref\s*=\s*("[^"]*"|'[^']*')/i.exec(tag)?.[1];
      return href === undefined || !/\srel\s*=\s*["']image["']/i.test(tag) ? tag : `<itunes:image href=${href}/>`;
    });
}
