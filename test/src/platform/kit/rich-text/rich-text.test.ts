import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fromHtml,
  fromIrc,
  fromMarkdown,
  fromPlain,
  richTextOf,
  toHtml,
  toIrc,
  toPlain,
  toStyling,
} from "../../../../../src/platform/kit/rich-text/rich-text.ts";

const HTML =
  '<h1>News</h1><p>Hello <b>big</b> <i>small</i> <a href="https://example.org/">site</a>,<br>line two</p>' +
  "<ul><li>one</li><li>two <code>x</code></li></ul><ol><li>first</li><li>second</li></ol>" +
  "<blockquote><p>said</p></blockquote><pre>a  b\nc</pre>";

describe("rich text", () => {
  it("becomes plain text", () => {
    expect(toPlain(fromHtml(HTML))).toBe(
      "News\n\nHello big small site (https://example.org/),\nline two\n\n- one\n- two x\n1. first\n2. second\n\n> said\n\na  b\nc",
    );
  });

  it("becomes HTML of a few elements", () => {
    expect(toHtml(fromHtml(HTML))).toBe(
      '<h3>News</h3><p>Hello <strong>big</strong> <em>small</em> <a href="https://example.org/">site</a>,<br>line two</p>' +
        "<ul><li>one</li><li>two <code>x</code></li></ul><ol><li>first</li><li>second</li></ol>" +
        "<blockquote><p>said</p></blockquote><pre><code>a  b\nc</code></pre>",
    );
  });

  it("becomes Message Styling and IRC formatting", () => {
    expect(toStyling(fromHtml("<p>a <b>b</b> <s>c</s> <code>d</code></p>"))).toBe("a *b* ~c~ `d`");
    expect(toIrc(fromHtml("<p>a <b>b</b> <u>c</u></p>"))).toBe("a \u0002b\u000f \u001fc\u000f");
  });

  it("is read from Markdown, whose HTML is text", () => {
    expect(toHtml(fromMarkdown("**b** _i_ ~~s~~ `c` [l](https://example.org)\n\n- x\n- y"))).toBe(
      '<p><strong>b</strong> <em>i</em> <s>s</s> <code>c</code> <a href="https://example.org">l</a></p><ul><li>x</li><li>y</li></ul>',
    );
    expect(toHtml(fromMarkdown("<script>x</script>"))).toBe("<p>&lt;script&gt;x&lt;/script&gt;</p>");
  });

  it("drops scripts, styles and links that are not safe", () => {
    const html = '<style>p{}</style><p onclick="x()">a<script>alert(1)</script><a href="javascript:x">b</a></p>';
    expect(toHtml(fromHtml(html))).toBe("<p>ab</p>");
  });

  it("prefers HTML, then Markdown, then plain text", () => {
    expect(toPlain(richTextOf({ body: "plain", html: "<b>html</b>", markdown: "*md*" }))).toBe("html");
    expect(toPlain(richTextOf({ body: "plain", markdown: "*md*" }))).toBe("md");
    expect(toPlain(richTextOf({ body: "plain *not* <b>" }))).toBe("plain *not* <b>");
  });

  it("keeps the words of any plain text through HTML", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const wordsOf = (value: string) =>
          value
            .replaceAll("\0", " ")
            .split(/\s+/)
            .filter((part) => part !== "");
        expect(wordsOf(toPlain(fromHtml(toHtml(fromPlain(text)))))).toEqual(wordsOf(text.replace(/[\r\f]/g, " ")));
      }),
    );
  });

  it("reads any HTML into HTML that reads the same", () => {
    const tag = fc.constantFrom(
      "b",
      "i",
      "p",
      "ul",
      "ol",
      "li",
      "blockquote",
      "pre",
      "code",
      "a",
      "h2",
      "div",
      "br",
      "u",
      "zz",
    );
    const piece = fc.oneof(
      fc.constantFrom("x", "y z", "&lt;", "<", "\n"),
      tag.map((name) => `<${name}>`),
      tag.map((name) => `</${name}>`),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const once = toHtml(fromHtml(pieces.join("")));
        expect(toHtml(fromHtml(once))).toBe(once);
        expect(once).not.toMatch(/<(?!\/?(strong|em|u|s|code|a|p|h3|ul|ol|li|blockquote|pre|br)[ >])/);
      }),
    );
  });

  it("keeps the marks of IRC through HTML", () => {
    const code = fc.constantFrom("\u0002", "\u001d", "\u001f", "\u001e", "\u0011", "\u000f", "\u00034,12");
    fc.assert(
      fc.property(fc.array(fc.oneof(code, fc.constantFrom("a", "b")), { maxLength: 20 }), (pieces) => {
        const read = fromIrc(pieces.join(""));
        expect(toHtml(fromIrc(toIrc(read)))).toBe(toHtml(read));
      }),
    );
  });

  it("takes time in proportion to the input", () => {
    const depth = 5_000;
    const deep = `${"<blockquote><ul><li><b>".repeat(depth)}x`;
    expect(toPlain(fromHtml(deep))).toContain("x");
    expect(toPlain(fromHtml("<".repeat(200_000)))).toHaveLength(200_000);
    expect(toPlain(fromMarkdown("[".repeat(20_000))).length).toBe(20_000);
  });
});
