import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText } from "../../../../../../src/platforms/feeds/client/document/decode.ts";
import { cut, plainText } from "../../../../../../src/platforms/feeds/client/document/plain-text.ts";
import { topicOf, webAddress } from "../../../../../../src/platforms/feeds/client/document/web-address.ts";

const text = fc.string({ unit: "grapheme", maxLength: 60 });

describe("a feed's bytes", () => {
  it("are read as UTF-8 without any declaration", () => {
    fc.assert(
      fc.property(text, (written) => {
        expect(decodeText(Buffer.from(`<a>${written}`), "")).toBe(`<a>${written}`);
      }),
    );
  });

  it("become a text whatever they are and whatever is declared", () => {
    const type = fc.oneof(
      text,
      text.map((charset) => `text/xml; charset=${charset}`),
      fc.constant("a/b; charset=utf-16"),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), type, (bytes, contentType) => {
        expect(decodeText(bytes, contentType)).toBeTypeOf("string");
      }),
    );
  });
});

describe("HTML as text", () => {
  it("has no tag left of those it had", () => {
    const piece = fc.oneof(
      fc.constantFrom("<p>", "</p>", "<br/>", "<b class='x'>", "<script>1</script>", "<", ">", "&amp;"),
      text,
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(plainText(pieces.join(""))).not.toMatch(/<(p|b|br|script)\b[^>]*>/);
      }),
    );
  });

  it("is cut between characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), fc.nat(20), (whole, length) => {
        const kept = cut(whole, length);
        expect(whole.startsWith(kept)).toBe(true);
        expect(kept.length).toBeLessThanOrEqual(length);
        expect(kept.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe("a feed's address", () => {
  it("is complete, http or https, and stays the same when read again", () => {
    const hostile = fc.oneof(
      fc.webUrl({ withFragments: true }),
      fc.webUrl().map((url) => `feed:${url}`),
      text,
    );
    fc.assert(
      fc.property(hostile, (address) => {
        const topic = topicOf(address);
        if (topic === undefined) return;
        expect(topic).toMatch(/^https?:\/\/[^#]+$/);
        expect(topicOf(topic)).toBe(topic);
      }),
    );
  });

  it("resolves links to http and https only", () => {
    const link = fc.oneof(text, fc.constantFrom("javascript:alert(1)", "//host/x", "?a", "data:,x", "http://[::1"));
    fc.assert(
      fc.property(link, (href) => {
        expect(webAddress(href, "https://example.org/feed") ?? "https:").toMatch(/^https?:/);
      }),
    );
  });
});
