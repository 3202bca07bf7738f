import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCharset, decodeUtf8OrWindows1252, withoutC1 } from "../../../../src/platform/kit/charset.ts";

describe("decodeCharset", () => {
  it.each([
    ["windows-1252", "80 93 94", "€“”"],
    ["ISO-8859-1", "80 e9", "€é"],
    ["latin1", "e9", "é"],
    ["shift_jis", "93 fa", "日"],
    ["euc-kr", "c7 d1", "한"],
    ["gb2312", "d6 d0", "中"],
    ["big5", "a4 a4", "中"],
    ["koi8-r", "c4", "д"],
    ["windows-1251", "e4", "д"],
    ["iso-2022-jp", "1b 24 42 46 7c 1b 28 42", "日"],
    ["utf-16le", "e9 00", "é"],
    ["utf-16", "fe ff 00 e9", "é"],
    ["utf-7", "2b 41 4f 6b 2d", "é"],
    ["cp850", "82", "é"],
    ["iso-2022-kr", "1b 24 29 43 0a 0e 47 51 0f 21", "\n한!"],
    ["hz-gb-2312", "61 7e 7b 56 50 7e 7d 7e 7e", "a中~"],
  ])("decodes %s", (name, hex, text) => {
    expect(decodeCharset(Buffer.from(hex.replaceAll(" ", ""), "hex"), name)).toBe(text);
  });

  it("decodes any bytes, and what was encoded", () => {
    const names = ["utf-8", "utf-16", "utf-7", "cp850", "big5", "iso-2022-jp", "iso-2022-kr", "hz", "gb18030"];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...names), (bytes, name) => {
        expect(decodeCharset(bytes, name)).toBeTypeOf("string");
        expect(decodeUtf8OrWindows1252(bytes)).toBeTypeOf("string");
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(decodeCharset(Buffer.from(text), "UTF-8")).toBe(text);
        expect(decodeCharset(Buffer.from(text, "utf16le"), "utf-16le")).toBe(text);
        expect(decodeUtf8OrWindows1252(Buffer.from(text))).toBe(text);
      }),
    );
  });

  it("returns undefined for an unknown name", () => {
    expect(decodeCharset(Buffer.from("x"), "klingon")).toBeUndefined();
  });
});

describe("decodeUtf8OrWindows1252", () => {
  it("reads windows-1252 only where the bytes are not valid UTF-8", () => {
    expect(decodeUtf8OrWindows1252(Buffer.from("é"))).toBe("é");
    expect(decodeUtf8OrWindows1252(Buffer.from("\x80\xe9", "latin1"))).toBe("€é");
    expect(decodeUtf8OrWindows1252(Buffer.concat([Buffer.from("é"), Buffer.from([0xff])]))).toBe("é\ufffd");
  });
});

describe("withoutC1", () => {
  it("reads C1 control characters as windows-1252, and keeps the undefined ones", () => {
    expect(withoutC1("don\u0092t \u0080 \u0081 é")).toBe("don’t € \u0081 é");
  });
});
