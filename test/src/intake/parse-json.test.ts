import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, MalformedJson, parseJson } from "../../../src/intake/parse-json.ts";

describe("parseJson", () => {
  it("reads all output of JSON.stringify", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10, noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        const allowed =
          !/"(__proto__|constructor|prototype)":/.test(text) && text.isWellFormed() && !/\\u[dD][89a-fA-F]/.test(text);
        if (allowed) expect(JSON.stringify(parseJson(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["nothing", ""],
    ["half an object", '{"a":'],
    ["a trailing comma", '{"a":1,}'],
    ["a comment", '{"a":1} // hi'],
    ["two values", "{} {}"],
    ["single quotes", "{'a':1}"],
    ["a bare word", "undefined"],
    ["NaN", "NaN"],
    ["a repeated key", '{"a":1,"b":{"c":1,"c":2}}'],
    ["a key repeated by escape", '{"a":1,"\\u0061":2}'],
    ["__proto__", '{"object":{"__proto__":{"x":1}}}'],
    ["constructor", '{"constructor":{"prototype":{"x":1}}}'],
    ["a number beyond doubles", '{"a":1e400}'],
    ["half a surrogate pair", '{"a":"\\ud800"}'],
    ["half a surrogate pair as a key", '{"\\udc00":1}'],
    ["33 arrays", `${"[".repeat(33)}${"]".repeat(33)}`],
    ["49,000 arrays", "[".repeat(49_000)],
    ["a raw line break in a string", '"a\nb"'],
    ["a leading zero", '{"a":01}'],
  ])("refuses %s", (_what, text) => {
    expect(() => parseJson(text)).toThrow(MalformedJson);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it("accepts 32 levels", () => {
    expect(parseJson(`${"[".repeat(32)}${"]".repeat(32)}`)).toBeInstanceOf(Array);
  });

  it.each([
    ["UTF-16", Buffer.from('{"a":1}', "utf16le").fill(0xff, 1, 2)],
    ["an overlong slash", Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ["a lone continuation byte", Buffer.from([0x22, 0x80, 0x22])],
    ["a surrogate in UTF-8", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ])("refuses %s", (_what, bytes) => {
    expect(() => decodeUtf8(bytes)).toThrow(MalformedJson);
  });

  it("skips a byte order mark", () => {
    expect(parseJson(decodeUtf8(Buffer.from([0xef, 0xbb, 0xbf, 0x31])))).toBe(1);
  });
});
