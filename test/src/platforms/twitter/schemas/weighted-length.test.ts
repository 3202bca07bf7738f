import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { weightedLength } from "../../../../../src/platforms/twitter/schemas/weighted-length.ts";

describe("weightedLength", () => {
  it.each([
    ["", 0],
    ["Hello World!", 12],
    ["Grüße", 5],
    ["cafe\u0301", 4],
    ["日本語", 6],
    ["Привет", 6],
    ["🐝", 2],
    ["👩‍👩‍👧‍👦", 2],
    ["👍🏽", 2],
    ["🇩🇪🇫🇷", 4],
    ["“quoted” – yes…", 16],
    ["https://example.org", 23],
    ["https://example.org/a/very/long/address/that/goes/on?and=on", 23],
    ["see https://a.io now", 31],
    ["http://a.io https://b.io", 47],
  ])("%s", (text, weight) => {
    expect(weightedLength(text)).toBe(weight);
  });

  it("counts a link without scheme as the lighter reading", () => {
    expect(weightedLength("example.org/a/very/long/address/that/goes/on")).toBe(23);
    expect(weightedLength("a.io")).toBe(4);
  });

  it("counts one or two for each character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const plain = text.replaceAll(".", "").replaceAll("/", "");
        const weight = weightedLength(plain);
        expect(weight).toBeLessThanOrEqual(2 * [...plain.normalize("NFC")].length);
        expect(weight).toBeGreaterThanOrEqual(plain === "" ? 0 : 1);
      }),
    );
  });

  it("is the sum of the lines", () => {
    const line = fc
      .string({ unit: "grapheme", maxLength: 60 })
      .map((text) => text.normalize("NFC").replaceAll("\n", ""));
    fc.assert(
      fc.property(line, line, (first, second) => {
        expect(weightedLength(`${first}\n${second}`)).toBe(weightedLength(first) + 1 + weightedLength(second));
      }),
    );
  });
});
