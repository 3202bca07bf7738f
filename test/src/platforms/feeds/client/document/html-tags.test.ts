import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tagEnds } from "../../../../../../src/platforms/feeds/client/document/html-tags.ts";

const markup = fc
  .array(fc.constantFrom("<", ">", "=", '"', "'", " ", "a", "<!--", "-->", '="', "\n"), { maxLength: 60 })
  .map((parts) => parts.join(""));

describe("tagEnds", () => {
  it("finds the > that ends a tag or comment, or nothing, in any text", () => {
    fc.assert(
      fc.property(markup, (html) => {
        const endOf = tagEnds(html);
        for (let open = html.indexOf("<"); open >= 0; open = html.indexOf("<", open + 1)) {
          const end = endOf(open);
          const isLastComment = html.startsWith("<!--", open) && end === html.length - 1;
          if (end < 0) expect(html.includes(">", open)).toBe(false);
          else if (!isLastComment) expect([html[end], end > open]).toEqual([">", true]);
        }
      }),
    );
  });

  it("passes over a > in quotes", () => {
    const html = `<a title="b>c" rel='d>e'>f>`;
    expect(tagEnds(html)(0)).toBe(html.indexOf("f") - 1);
  });

  it("ends a tag at its first > where a quote of it is never closed", () => {
    const html = '<a title="b>c</a><i alt="d">';
    const endOf = tagEnds(html);
    expect(html.slice(0, endOf(0) + 1)).toBe('<a title="b>c</a><i alt="d">');
    expect(tagEnds('<a title="b>c')(0)).toBe(11);
  });
});
