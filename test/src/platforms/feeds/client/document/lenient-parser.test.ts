import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLeniently } from "../../../../../../src/platforms/feeds/client/document/lenient-parser.ts";
import { findNewEntries } from "../../../../../../src/platforms/feeds/client/document/new-entries.ts";
import { parseText, readDocument } from "../../../../../../src/platforms/feeds/client/document/read.ts";

const item = (n: number) =>
  `<item><guid>${n}</guid><title>Title ${n}</title><link>http://feed.test/${n}</link><pubDate>Sat, 0${n} Nov 2025 10:00:00 GMT</pubDate><description>&lt;p&gt;Text ${n}&lt;/p&gt;</description><enclosure url="http://feed.test/${n}.mp3" length="5" type="audio/mpeg"/><category>c</category></item>`;
const whole = `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>http://feed.test/</link>${[1, 2, 3].map(item).join("")}</channel></rss>`;
const task = (text: string) => ({
  bytes: Buffer.from(text),
  contentType: "application/rss+xml",
  url: "http://feed.test/feed",
  limit: 10,
  maxBytes: 100_000,
});

describe("a truncated feed", () => {
  const cut = whole.slice(0, whole.indexOf("Text 3"));

  it("is read up to its last complete entry", () => {
    expect(parseText(cut)?.parsed).toBeUndefined();
    const found = readDocument(task(cut));
    expect(found).toMatchObject({
      kind: "feed",
      feed: {
        title: "News",
        format: "rss",
        entries: [
          { id: "2", title: "Title 2", url: "http://feed.test/2", body: "Text 2", tags: ["c"] },
          { id: "1", published: "2025-11-01T10:00:00.000Z", attachments: [{ url: "http://feed.test/1.mp3" }] },
        ],
      },
    });
  });

  it("reports its last entry when complete again, and none twice", () => {
    const more = { maxEntries: 10, maxEntryBytes: 100_000, seen: undefined };
    const first = findNewEntries({ ...task(cut), ...more } as never);
    if (first.kind !== "new-entries") throw new Error("It is a feed");
    const second = findNewEntries({ ...task(whole), ...more, seen: first.seen } as never);
    expect(second.kind === "new-entries" && second.entries.map(({ entry }) => entry.id)).toEqual(["3"]);
  });
});

it("parseText uses the lenient parser only where the strict one fails", () => {
  expect(parseText(whole)?.parsed).toBeDefined();
});

it("parseLeniently refuses pages and other texts", () => {
  for (const text of ["", "<html><body>News</body></html>", "{}", "<rss", "<opml version='2.0'><body/></opml>"]) {
    expect(parseLeniently(text), text).toBeUndefined();
  }
});

it("parseLeniently never throws and changes no prototype", () => {
  const token = fc.constantFrom(
    "<rss>",
    "<channel>",
    "<item>",
    "</item>",
    "<__proto__>",
    "<title>",
    "&x;",
    "<![CDATA[",
    "]]>",
    "a",
    "<feed>",
    "<entry/>",
    "</rss>",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(token, fc.string()), { maxLength: 40 }), (tokens) => {
      parseLeniently(tokens.join(""));
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
  );
});
