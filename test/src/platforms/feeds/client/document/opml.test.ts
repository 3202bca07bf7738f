import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readOpml, writeOpml } from "../../../../../../src/platforms/feeds/client/document/opml.ts";
import { topicOf } from "../../../../../../src/platforms/feeds/client/document/web-address.ts";

const read = (text: string) => readOpml(Buffer.from(text));

describe("OPML", () => {
  it("round-trips: readOpml reads what writeOpml writes", () => {
    const address = fc.webUrl({ withQueryParameters: true }).map((url) => topicOf(url) ?? "");
    const title = fc.oneof(fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }), fc.constant("<\"&'amp;>"));
    const feeds = fc.uniqueArray(fc.record({ address, title: fc.option(title, { nil: undefined }) }), {
      selector: ({ address }) => address,
      maxLength: 30,
    });
    fc.assert(
      fc.property(feeds, (list) => {
        const expected = list.map(({ address, title }) => ({ address, ...(title === undefined ? {} : { title }) }));
        const found = read(writeOpml(expected));
        expect(found).toMatchObject(expected.length === 0 ? {} : { kind: "outlines", skipped: 0 });
        expect("feeds" in found ? found.feeds.map(({ address }) => address) : []).toEqual(
          list.map(({ address }) => address),
        );
      }),
    );
  });

  it("reads feeds at any depth once, and counts unusable addresses", () => {
    const text = `<?xml version="1.0"?><opml version="1.0"><head><title>Mine</title></head><body>
      <outline text="Folder"><outline text="Deeper"><outline type="rss" text="A &amp; B" xmlUrl="https://example.com/a?x=1&amp;y=2#top"/></outline></outline>
      <outline text="again" xmlUrl="https://example.com/a?x=1&amp;y=2"/><outline text="feed:" xmlUrl="feed://example.org/b"/>
      <outline text="bad" xmlUrl="javascript:alert(1)"/><outline text="file" xmlUrl="file:///etc/passwd"/></body></opml>`;
    expect(read(text)).toEqual({
      kind: "outlines",
      skipped: 2,
      feeds: [
        { address: "https://example.com/a?x=1&y=2", title: "again" },
        { address: "https://example.org/b", title: "feed:" },
      ],
    });
  });

  it("never throws, and reads at most 5,000 feeds", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(["neither", "outlines"]).toContain(read(text).kind);
      }),
    );
    const outline = (n: number) => `<outline xmlUrl="https://example.com/${n}"/>`;
    const many = read(`<opml><body>${Array.from({ length: 6_000 }, (_, n) => outline(n)).join("")}</body></opml>`);
    expect(many).toMatchObject({ kind: "outlines", skipped: 1_000 });
    expect(read(`<opml><body>${"<outline>".repeat(50_000)}</body></opml>`).kind).toMatch(/neither|outlines/);
  });
});
