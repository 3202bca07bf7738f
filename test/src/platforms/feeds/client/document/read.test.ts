import iconv from "iconv-lite";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../../../../src/platforms/feeds/client/document/feed.ts";
import { readDocument } from "../../../../../../src/platforms/feeds/client/document/read.ts";

const NAMESPACES =
  'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" ' +
  'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/"';
const rss = (items: string, head = "<link>https://site.example/</link>", declaration = '<?xml version="1.0"?>') =>
  `${declaration}<rss version="2.0" ${NAMESPACES}><channel><title>News</title>${head}${items}</channel></rss>`;
const atom = (entries: string, attributes = "") =>
  `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" ${attributes}><title>News</title><id>f</id><updated>2026-01-01T00:00:00Z</updated>${entries}</feed>`;

function read(document: string | Uint8Array, contentType = "application/xml") {
  const bytes = typeof document === "string" ? Buffer.from(document) : document;
  const task = { bytes, contentType, url: "https://feeds.example/dir/feed.xml", limit: 500, maxBytes: 1_000_000 };
  const result = readDocument(task);
  if (result.kind !== "feed") throw new Error(`The document is ${result.kind}`);
  return result.feed;
}
const entry = (...parameters: Parameters<typeof read>) => read(...parameters).entries[0] as Entry;

describe("character sets", () => {
  // “5 €” – in windows-1252.
  const western = (declaration?: string) =>
    Buffer.from(rss("<item><title>\x935 \x80\x94 \x96</title></item>", "", declaration), "latin1");
  it.each<[string, Uint8Array, string]>([
    ["windows-1252 by header", western(), "application/xml; charset=windows-1252"],
    ["iso-8859-1 by header", western(), "application/xml; charset=iso-8859-1"],
    ["iso-8859-1 by declaration", western('<?xml version="1.0" encoding="iso-8859-1"?>'), "application/xml"],
    ["no declaration", western(), "application/xml"],
    ["UTF-8 declared, which it is not", western('<?xml version="1.0" encoding="utf-8"?>'), "application/xml"],
  ])("keeps quotes and the euro sign of windows-1252: %s", (_, bytes, contentType) => {
    expect(entry(bytes, contentType).title).toBe("“5 €” –");
  });

  it.each([
    ["utf-32be", true],
    ["utf-32be", false],
    ["utf-32le", true],
    ["utf-32le", false],
  ])("reads %s, with a byte order mark: %s", (encoding, hasMark) => {
    const document = rss("<item><title>Grüße 🎉</title></item>");
    expect(entry(iconv.encode(document, encoding, { addBOM: hasMark })).title).toBe("Grüße 🎉");
  });

  it.each(["utf-16", "unicode", "UCS-2"])("reads UTF-8 that is declared as %s", (encoding) => {
    const document = rss("<item><title>Grüße</title></item>", "", `<?xml version="1.0" encoding="${encoding}"?>`);
    expect(entry(document).title).toBe("Grüße");
  });
});

describe("texts in other elements than the format's own", () => {
  it.each([
    ["Dublin Core's title", rss("<item><guid>1</guid><dc:title>Words</dc:title></item>")],
    ["Media RSS' title", rss("<item><guid>1</guid><media:title>Words</media:title></item>")],
    ["Base64 in Atom", atom('<entry><id>1</id><title type="application/octet-stream">V29yZHM=</title></entry>')],
  ])("are read: %s", (_, document) => {
    expect(entry(document).title).toBe("Words");
  });

  it("describe the feed itself as well", () => {
    const head = "<dc:title>Other</dc:title><itunes:subtitle>Said</itunes:subtitle><item><guid>1</guid></item>";
    expect(read(rss("", head).replace("<title>News</title>", ""))).toMatchObject({
      title: "Other",
      description: "Said",
    });
  });
});

describe("addresses of click counters", () => {
  const namespace = 'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"';
  const original = "<feedburner:origLink>https://site.example/real</feedburner:origLink>";
  const counted = "https://counter.example/~r/1";
  it.each([
    [
      "RSS",
      rss(`<item ${namespace}><title>a</title><link>${counted}</link>${original}</item><item><link>/2</link></item>`),
    ],
    ["Atom", atom(`<entry ${namespace}><id>1</id><link rel="alternate" href="${counted}"/>${original}</entry>`)],
  ])("give way to the publisher's own in %s", (_, document) => {
    expect(entry(document).url).toBe("https://site.example/real");
  });
});

describe("relative addresses", () => {
  it("start at the channel's link in RSS, without xml:base", () => {
    const item = '<item><guid>1</guid><link>/p/1</link><enclosure url="a.mp3"/></item>';
    expect(entry(rss(item))).toMatchObject({
      url: "https://site.example/p/1",
      attachments: [{ url: "https://site.example/a.mp3" }],
    });
  });

  it("start at the xml:base of feed, entry and link", () => {
    const link = '<link xml:base="c/" href="d"/>';
    const document = atom(`<entry xml:base="b/"><id>1</id>${link}</entry>`, 'xml:base="https://site.example/a/"');
    expect(entry(document).url).toBe("https://site.example/a/b/c/d");
  });

  it("are complete in an entry's HTML", () => {
    const html = `&lt;img src='i.png'&gt;&lt;a href="/x?a=1&amp;amp;b=2"&gt;x&lt;/a&gt;&lt;a href="#top" title="a>b"&gt;`;
    const content = `<content type="html">${html}</content>`;
    expect(entry(atom(`<entry xml:base="https://site.example/p/"><id>1</id>${content}</entry>`)).html).toBe(
      '<img src="https://site.example/p/i.png"><a href="https://site.example/x?a=1&amp;b=2">x</a><a href="#top" title="a>b">',
    );
  });
});

describe("fields of extensions", () => {
  it("reads text, thumbnail and file of a video's media:group", () => {
    const group = `<media:group><media:content url="https://site.example/v" type="video/mp4" width="640" height="390" duration="12"/>
      <media:thumbnail url="https://site.example/t.jpg" width="480" height="360"/><media:description>About</media:description></media:group>`;
    expect(entry(atom(`<entry><id>1</id>${group}</entry>`))).toMatchObject({
      body: "About",
      attachments: [
        { url: "https://site.example/v", mediaType: "video/mp4", width: 640, height: 390, duration: 12 },
        { url: "https://site.example/t.jpg", width: 480, height: 360 },
      ],
    });
  });

  it("reads a podcast's iTunes fields", () => {
    const item = `<item><guid>1</guid><itunes:summary>Notes</itunes:summary><itunes:author>Ann</itunes:author>
      <itunes:duration>01:02:03</itunes:duration><itunes:image href="https://site.example/e.jpg"/>
      <enclosure url="https://site.example/e.mp3" length="5" type="audio/mpeg"/></item>`;
    const feed = read(rss(item, '<itunes:image href="https://site.example/cover.jpg"/>'));
    expect(feed.icon).toBe("https://site.example/cover.jpg");
    expect(feed.entries[0]).toMatchObject({
      author: { name: "Ann" },
      body: "Notes",
      attachments: [{ url: "https://site.example/e.mp3", duration: 3_723 }, { url: "https://site.example/e.jpg" }],
    });
  });

  it("reads Dublin Core's description, date, creator and subject", () => {
    const item =
      "<item><guid>1</guid><dc:description>Text</dc:description><dc:date>2026-01-01</dc:date><dc:creator>Ann</dc:creator><dc:subject>news</dc:subject></item>";
    expect(entry(rss(item))).toMatchObject({
      body: "Text",
      published: "2026-01-01T00:00:00.000Z",
      author: { name: "Ann" },
      tags: ["news"],
    });
  });

  it("keeps magnet links", () => {
    const magnet = `magnet:?xt=urn:btih:${"0123456789".repeat(4)}`;
    const item = `<item><guid isPermaLink="false">1</guid><link>${magnet}&amp;dn=a</link><enclosure url="${magnet}"/></item>`;
    expect(entry(rss(item))).toMatchObject({ url: `${magnet}&dn=a`, attachments: [{ url: magnet }] });
  });
});

describe("odd documents", () => {
  it.each(["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"])(
    "reads a feed with an element named %s",
    (name) => {
      const items = `<item><guid>1</guid></item><item><guid>2</guid><${name}>x</${name}></item>`;
      expect(read(rss(items)).entries.map(({ id }) => id)).toEqual(["1", "2"]);
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
  );

  it("reads the entries before a CDATA section that never ends", () => {
    const items =
      "<item><guid>1</guid><title>1</title></item><item><guid>2</guid><title>2</title></item><item><title><![CDATA[cut";
    expect(read(rss(items)).entries.map(({ id }) => id)).toEqual(["1", "2"]);
  });

  it("does not take generic types in a title for HTML", () => {
    const items =
      "<item><title>Vec&lt;T&gt; &amp; used</title></item><item><title>&lt;b&gt;Bold&lt;/b&gt;</title></item>";
    expect(read(rss(items)).entries.map(({ title }) => title)).toEqual(["Vec<T> & used", "Bold"]);
  });

  it.each([
    ["newest first", (n: number) => 700 - n, "e0", "e499"],
    ["oldest first", (n: number) => n, "e699", "e200"],
    ["in no order", (n: number) => (n < 350 ? 2 * n : 1_399 - 2 * n), "e350", "e100"],
  ])("keeps the newest 500 of a long feed, %s", (_, minuteOf, newest, oldest) => {
    const items = Array.from({ length: 700 }, (__, n) => {
      const date = new Date(Date.UTC(2026, 0, 1) + minuteOf(n) * 60_000).toUTCString();
      return `<item><guid>e${n}</guid><pubDate>${date}</pubDate></item>`;
    });
    const { entries } = read(rss(items.join("")));
    expect(entries).toHaveLength(500);
    expect([entries[0]?.id, entries.at(-1)?.id]).toEqual([newest, oldest]);
  });

  it("keeps the newest 500 of a long JSON feed, oldest first", () => {
    const items = Array.from({ length: 700 }, (_, n) => {
      return { id: `e${n}`, date_published: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString() };
    });
    const document = JSON.stringify({ version: "https://jsonfeed.org/version/1.1", title: "News", items });
    const { entries } = read(document, "application/feed+json");
    expect([entries.length, entries[0]?.id, entries.at(-1)?.id]).toEqual([500, "e699", "e200"]);
  });

  it("keeps the first and the last entries of a long feed without dates", () => {
    const items = Array.from({ length: 700 }, (_, n) => `<item><guid>e${n}</guid></item>`);
    const ids = read(rss(items.join(""))).entries.map(({ id }) => id);
    expect(ids).toHaveLength(500);
    expect(ids).toEqual(expect.arrayContaining(["e0", "e249", "e450", "e699"]));
  });
});

describe("documents that lack a part", () => {
  it.each([
    [
      "the last character",
      "<rss><channel><title>News &copy;</title><item><guid>1</guid></item></channel></rss",
      "rss",
      1,
    ],
    ["a channel, with entries", '<rss version="2.0"><item><guid>1</guid></item></rss>', "rss", 1],
    ["a channel, without entries", '<rss version="2.0">\n</rss>', "rss", 0],
    [
      "a channel in RDF",
      '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"></rdf:RDF>',
      "rdf",
      0,
    ],
  ])("are feeds without %s", (_, document, format, count) => {
    const feed = read(document);
    expect(feed.format).toBe(format);
    expect(feed.entries).toHaveLength(count);
  });

  it("are no feeds without the root's end", () => {
    expect(() => read('<rss version="2.0">')).toThrow("neither");
  });

  it("keep a & in an address that nothing escapes", () => {
    const document = rss("<item><guid>1</guid><link>https://site.example/?a=1&b=2&c</link></item>");
    expect(entry(document).url).toBe("https://site.example/?a=1&b=2&c");
  });
});

describe("values that are written otherwise", () => {
  it("read windows-1252 in place of C1 control characters", () => {
    expect(entry(rss("<item><title>don\u0092t \u0096 5 \u0080</title></item>")).title).toBe("don’t – 5 €");
  });

  it.each([
    ["url", '<itunes:image url="https://site.example/i.png"/>'],
    ["a link", '<itunes:link rel="image" href="https://site.example/i.png"></itunes:link>'],
  ])("find iTunes images in %s", (_, image) => {
    const feed = read(rss(`<item><guid>1</guid>${image}</item>`, image));
    expect(feed.icon).toBe("https://site.example/i.png");
    expect(feed.entries[0]?.attachments).toEqual([{ url: "https://site.example/i.png" }]);
  });

  it("leave other links of iTunes as they are", () => {
    const link = '<itunes:link rel="payment" href="https://site.example/pay"/>';
    expect(read(rss("", link)).icon).toBeUndefined();
  });

  it("take categories and keywords of Media RSS and iTunes for tags", () => {
    const item = `<item><guid>1</guid><category>a</category><media:category label="b">x</media:category>
      <media:group><media:category>c</media:category><media:keywords>d, e</media:keywords></media:group>
      <itunes:keywords>f</itunes:keywords></item>`;
    expect([...(entry(rss(item)).tags ?? [])].sort()).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  it("write languages with hyphens", () => {
    expect(read(rss("", "<language>en_US</language>")).language).toBe("en-US");
  });

  it("date a feed by the time of its issue, where that is all", () => {
    const issued = "<dcterms:issued>2003-12-31T10:14:55Z</dcterms:issued>";
    const document = `<rss version="2.0" xmlns:dcterms="http://purl.org/dc/terms/"><channel><title>a</title>${issued}</channel></rss>`;
    expect(read(document).updated).toBe("2003-12-31T10:14:55.000Z");
  });

  it.each(["<svg width='9'></svg>", "<math><mi>a</mi></math>", "<blink>a</blink>", "<meta charset='x'>"])(
    "recognise %s as HTML",
    (html) => {
      expect(entry(rss(`<item><guid>1</guid><description><![CDATA[${html}]]></description></item>`)).html).toBe(html);
    },
  );
});
