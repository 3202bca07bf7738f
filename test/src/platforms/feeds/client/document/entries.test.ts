import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { metaOf, toEntries } from "../../../../../../src/platforms/feeds/client/document/entries.ts";
import type {
  NormalizedEntry,
  NormalizedFeed,
} from "../../../../../../src/platforms/feeds/client/document/normalized-entry.ts";
import { plainText } from "../../../../../../src/platforms/feeds/client/document/plain-text.ts";
import { parseText, readDocument } from "../../../../../../src/platforms/feeds/client/document/read.ts";
import { trimFeed } from "../../../../../../src/platforms/feeds/client/document/trim.ts";

const URL_HERE = "http://example.org/feed";
const phrase = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "<p>x</p>",
    "javascript:alert(1)",
    "/a",
    "http://[",
    "2010-01-01",
    "06 Sep 2010 10:00",
    "+275760-09-14",
    "\ud800",
    "a\0b",
  ),
  fc.string({ minLength: 3_000, maxLength: 5_000 }),
);
const some = fc.option(phrase, { nil: undefined });
const body = fc.option(
  fc.record({ value: some, kind: fc.constantFrom("html" as const, "text" as const, "unknown" as const) }),
  {
    nil: undefined,
  },
);
const normalizedEntry: fc.Arbitrary<NormalizedEntry> = fc.record({
  ids: fc.array(some, { maxLength: 2 }),
  links: fc.array(some, { maxLength: 3 }),
  title: body,
  published: some,
  updated: some,
  author: fc.option(fc.record({ name: phrase, email: phrase, url: phrase }), { nil: undefined }),
  bodies: fc.array(body, { maxLength: 2 }),
  summary: body,
  media: fc.array(fc.record({ url: some, type: some, length: fc.option(fc.double(), { nil: undefined }) }), {
    maxLength: 30,
  }),
  tags: fc.array(some, { maxLength: 50 }),
  base: some,
});
const feed: fc.Arbitrary<NormalizedFeed> = fc.record({
  format: fc.constantFrom("rss" as const, "atom" as const, "rdf" as const, "json" as const),
  title: body,
  description: body,
  link: some,
  language: some,
  icon: some,
  updated: some,
  base: some,
  entries: fc.array(normalizedEntry, { maxLength: 6 }),
});

const WHOLE = /^(https?:\/\/|magnet:)/;
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe("toEntries", () => {
  it("bounds entries of any input", () => {
    fc.assert(
      fc.property(feed, (parsed) => {
        const meta = metaOf(parsed, URL_HERE);
        const entries = toEntries(parsed, URL_HERE);
        expect(entries).toHaveLength(parsed.entries.length);
        for (const {
          id,
          title = "",
          url,
          published,
          updated,
          summary = "",
          attachments = [],
          tags = [],
          html = "",
          body = "",
        } of entries) {
          expect(id).toMatch(/\S/);
          expect(id.length).toBeLessThanOrEqual(2_048);
          expect(title.length).toBeLessThanOrEqual(1_000);
          expect(summary.length).toBeLessThanOrEqual(2_000);
          for (const address of [url, ...attachments.map((file) => file.url)])
            expect(address ?? "http://").toMatch(WHOLE);
          for (const time of [published, updated]) expect(time ?? "2010-01-01T00:00:00.000Z").toMatch(UTC);
          expect(attachments.length).toBeLessThanOrEqual(20);
          expect(tags.length).toBeLessThanOrEqual(30);
          expect(`${html}${body}`).not.toContain("\0");
        }
        const whole = { ...meta, entries, more: false };
        expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
        const small = trimFeed(whole, 20_000);
        expect(Buffer.byteLength(JSON.stringify(small))).toBeLessThanOrEqual(20_000);
        expect(small.more || small.entries.length === entries.length).toBe(true);
      }),
    );
  });

  it("ignores repeated ids, and hashes texts without an id", () => {
    const bare: NormalizedEntry = { ids: [], links: [], bodies: [], media: [], tags: [] };
    const titled = (title: string): NormalizedEntry => ({ ...bare, title: { value: title, kind: "text" } });
    const ids = (entries: readonly NormalizedEntry[]) =>
      toEntries({ format: "rss", entries }, URL_HERE).map(({ id }) => id);
    expect(
      ids([
        { ...bare, ids: ["x"] },
        { ...bare, ids: ["y"] },
      ]),
    ).toEqual(["x", "y"]);
    expect(
      ids([
        { ...bare, ids: ["x"], links: ["/1"] },
        { ...bare, ids: ["x"], links: ["/2"] },
      ]),
    ).toEqual(["http://example.org/1", "http://example.org/2"]);
    const [first, second] = ids([titled("a"), titled("b")]);
    expect(first).toMatch(/^sha256:/);
    expect(first).not.toBe(second);
    expect(ids([titled("b"), titled("a")])).toEqual([second, first]);
  });

  it("reads a time without a zone as UTC", () => {
    const times = [
      "2010-01-01T10:00:00",
      "Fri, 01 Jan 2010 10:00:00",
      "Fri, 01 Jan 2010 05:00:00 EST",
      "2010-01-01 10:00:00",
    ];
    const entries = times.map(
      (published): NormalizedEntry => ({ ids: [], links: [], bodies: [], media: [], tags: [], published }),
    );
    for (const entry of toEntries({ format: "rss", entries }, URL_HERE)) {
      expect(entry.published).toBe("2010-01-01T10:00:00.000Z");
    }
  });

  it("never throws for any bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 500 }),
      fc.string().map((text) => Buffer.from(`<rss><channel><item>${text}</item></channel></rss>`)),
      fc
        .jsonValue()
        .map((value) => Buffer.from(JSON.stringify({ version: "https://jsonfeed.org/version/1", items: [value] }))),
    );
    fc.assert(
      fc.property(bytes, fc.string(), (content, contentType) => {
        const task = { bytes: content, contentType, url: URL_HERE, limit: 10, maxBytes: 10_000 };
        expect(["feed", "page", "neither"]).toContain(readDocument(task).kind);
      }),
    );
  });
});

describe("plainText text", () => {
  it.each([
    ["<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"],
    ["a &lt;b&gt; &amp;amp; &uuml;&nbsp;x", "a <b> &amp; ü x"],
    ["<style>p{}</style>x<script>alert('<p>')</script>y", "xy"],
    ["1 < 2", "1 < 2"],
    ['<img alt="cat<br />dog" src="x">y', "y"],
    ["a<!-- <b>c</b> > -->d", "ad"],
    ["a<!-- b --!>c<!-->d", "acd"],
    ["safe<!-- never closed > <p>b</p>", "safe"],
    ['<a title="never closed>b</a> c', "b c"],
    ["<p>it's</p> <b>don't</b>", "it's\ndon't"],
  ])("of %s", (html, text) => {
    expect(plainText(html)).toBe(text);
  });
});

describe("old RSS", () => {
  it.each([
    ["XHTML", '<body xmlns="http://www.w3.org/1999/xhtml"><p>Hi</p></body>', "<p>Hi</p>"],
    ["XHTML with a prefix", "<xhtml:body><p>Hi</p></xhtml:body>", "<p>Hi</p>"],
    ["fullitem", "<fullitem>&lt;p>Hi&lt;/p></fullitem>", "<p>Hi</p>"],
    ["an element that never ends", "<body><p>Hi", undefined],
  ])("has its full text in %s", (_, element, html) => {
    const rss = `<rss xmlns:xhtml="http://www.w3.org/1999/xhtml"><channel><item><title>a</title>${element}</item></channel></rss>`;
    const parsed = parseText(rss);
    expect(parsed && toEntries(parsed.feed, "https://site.example/")[0]?.html).toBe(html);
  });

  it.each([
    ["Ann (ann@site.example)", { name: "Ann", address: "ann@site.example" }],
    ["Ann <ann@site.example>", { name: "Ann", address: "ann@site.example" }],
    ["Ann (editor)", { name: "Ann (editor)" }],
  ])("names the author %s", (creator, author) => {
    const dc = 'xmlns:dc="http://purl.org/dc/elements/1.1/"';
    const escaped = creator.replace("<", "&lt;");
    const parsed = parseText(
      `<rss ${dc}><channel><item><title>a</title><dc:creator>${escaped}</dc:creator></item></channel></rss>`,
    );
    expect(parsed && toEntries(parsed.feed, "https://site.example/")[0]?.author).toEqual(author);
  });
});
