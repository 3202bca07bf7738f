import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fromHtml,
  fromIrc,
  fromMarkdown,
  fromPlain,
  fromStyling,
  isFormatted,
  networkText,
  PLAIN_TEXT,
  richTextOf,
  textIssue,
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

  it("is parsed from Markdown, whose HTML is text", () => {
    expect(toHtml(fromMarkdown("**b** _i_ ~~s~~ `c` [l](https://example.org)\n\n- x\n- y"))).toBe(
      '<p><strong>b</strong> <em>i</em> <s>s</s> <code>c</code> <a href="https://example.org">l</a></p><ul><li>x</li><li>y</li></ul>',
    );
    expect(toHtml(fromMarkdown("<script>x</script>"))).toBe("<p>&lt;script&gt;x&lt;/script&gt;</p>");
  });

  it("drops scripts, styles and unsafe links", () => {
    const html = '<style>p{}</style><p onclick="x()">a<script>alert(1)</script><a href="javascript:x">b</a></p>';
    expect(toHtml(fromHtml(html))).toBe("<p>ab</p>");
  });

  it("prefers HTML, then Markdown, then plain text", () => {
    expect(toPlain(richTextOf({ body: "plain", html: "<b>html</b>", markdown: "*md*" }))).toBe("html");
    expect(toPlain(richTextOf({ body: "plain", markdown: "*md*" }))).toBe("md");
    expect(toPlain(richTextOf({ body: "plain *not* <b>" }))).toBe("plain *not* <b>");
  });

  it("is read from Message Styling by the rules of XEP-0393", () => {
    const html = (text: string) => toHtml(fromStyling(text));
    expect(html("a *b* _c_ ~d~ `*e*` f\ng")).toBe(
      "<p>a <strong>b</strong> <em>c</em> <s>d</s> <code>*e*</code> f<br>g</p>",
    );
    expect(html("*_both_* and **")).toBe("<p><strong><em>both</em></strong> and **</p>");
    expect(html("2*3*4 * 5 * not* _open\n* no*")).toBe("<p>2*3*4 * 5 * not* _open<br>* no*</p>");
    expect(html("> said *so*\n>> twice\nanswer")).toBe(
      "<blockquote><p>said <strong>so</strong></p><blockquote><p>twice</p></blockquote></blockquote><p>answer</p>",
    );
    expect(html("```\na  *b*\n```\nend")).toBe("<pre><code>a  *b*</code></pre><p>end</p>");
    expect(isFormatted(fromStyling("2*3*4 nothing here"))).toBe(false);
  });

  it("keeps marks of words through Message Styling, and the words of any text", () => {
    const word = fc.tuple(fc.constantFrom("a", "bc", "d e"), fc.constantFrom("", "strong", "em", "s", "code"));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (parts) => {
        const html = parts.map(([text, tag]) => (tag === "" ? text : `<${tag}>${text}</${tag}>`)).join(" ");
        expect(toHtml(fromStyling(toStyling(fromHtml(html))))).toBe(toHtml(fromHtml(html)));
      }),
    );
    const sign = fc.constantFrom("*", "_", "~", "`", ">", "```", " ", "\n", "a", "b c");
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 40 }), (signs) => {
        const letters = (text: string) => text.replace(/[^abc]/g, "");
        const text = signs.join("");
        // A fence may name a language, which is no text.
        fc.pre(!text.includes("```"));
        expect(letters(toPlain(fromStyling(text)))).toBe(letters(text));
      }),
    );
  });

  it("leaves a body as posted and converts the richer forms", () => {
    const styling = { write: toStyling };
    expect(networkText({ body: "a *b*\n\n\n c" }, styling)).toBe("a *b*\n\n\n c");
    expect(networkText({ body: "plain", html: "<b>rich</b>" }, styling)).toBe("*rich*");
    expect(networkText({ body: "plain", html: "<b>rich</b>" }, PLAIN_TEXT)).toBe("plain");
    expect(networkText({ markdown: "**rich** [site](https://a.example)" }, PLAIN_TEXT)).toBe(
      "rich site (https://a.example)",
    );
    expect(networkText({}, PLAIN_TEXT)).toBeUndefined();
  });

  it("refuses a converted text with a pointer to the form that was posted", () => {
    const refuse = (text: string) => (text.length > 3 ? "is too long" : undefined);
    expect(textIssue({ html: "<b>abc</b>" }, PLAIN_TEXT, refuse)).toBeUndefined();
    expect(textIssue({ html: "<b>abcd</b>" }, PLAIN_TEXT, refuse)).toMatchObject({ pointer: "/object/html" });
    expect(textIssue({ markdown: "abcd" }, PLAIN_TEXT, refuse)).toMatchObject({ pointer: "/object/markdown" });
    expect(textIssue({ html: "<img>" }, PLAIN_TEXT, refuse)).toMatchObject({ detail: "has no text" });
  });

  it("keeps any plain text through HTML", () => {
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

  it("keeps no line ends around code, so that HTML of it reads the same again", () => {
    expect(toHtml(fromHtml("<pre>\n\n x\n\n</br></pre>"))).toBe("<pre><code> x</code></pre>");
  });

  it("normalizes any HTML to HTML that normalizes to itself", () => {
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

  it("keeps IRC formatting through HTML", () => {
    const code = fc.constantFrom("\u0002", "\u001d", "\u001f", "\u001e", "\u0011", "\u000f", "\u00034,12");
    fc.assert(
      fc.property(fc.array(fc.oneof(code, fc.constantFrom("a", "b")), { maxLength: 20 }), (pieces) => {
        const read = fromIrc(pieces.join(""));
        expect(toHtml(fromIrc(toIrc(read)))).toBe(toHtml(read));
      }),
    );
  });

  it("takes linear time", () => {
    const depth = 5_000;
    const deep = `${"<blockquote><ul><li><b>".repeat(depth)}x`;
    expect(toPlain(fromHtml(deep))).toContain("x");
    expect(toPlain(fromHtml("<".repeat(200_000)))).toHaveLength(200_000);
    expect(toPlain(fromMarkdown("[".repeat(20_000))).length).toBe(20_000);
    for (const piece of ["*a ", "*_~`", "> ", "`a", "*a*"]) {
      const length = Math.floor(200_000 / piece.length);
      expect(toPlain(fromStyling(piece.repeat(length))).length).toBeGreaterThan(0);
    }
    expect(toStyling(fromHtml("<b>a</b>b ".repeat(20_000))).length).toBeGreaterThan(40_000);
  });
});
