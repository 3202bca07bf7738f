import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitUuencoded, uuencodedIn, uuencodedPart } from "../../../../../src/platforms/email/client/uuencode.ts";

/** Encodes a file as uuencode does: 45 bytes a line. */
function uuencoded(name: string, content: Buffer): string {
  const letter = (value: number) => String.fromCharCode(value === 0 ? 96 : value + 32);
  const lines: string[] = [];
  for (let from = 0; from < content.length; from += 45) {
    const piece = content.subarray(from, from + 45);
    let line = letter(piece.length);
    for (let at = 0; at < piece.length; at += 3) {
      const bits = ((piece[at] ?? 0) << 16) | ((piece[at + 1] ?? 0) << 8) | (piece[at + 2] ?? 0);
      line += [18, 12, 6, 0].map((shift) => letter((bits >> shift) & 63)).join("");
    }
    lines.push(line);
  }
  return [`begin 644 ${name}`, ...lines, "`", "end"].join("\r\n");
}

describe("uuencoded files in a text", () => {
  it("are taken out, whatever their content is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 50 }), (first, second) => {
        const files = [Buffer.from(first), Buffer.from(second)];
        const text = ["Hello", ...files.map((content, index) => uuencoded(`${index}.bin`, content)), "Bye"].join(
          "\r\n",
        );
        expect(splitUuencoded(text)).toEqual({
          text: "Hello\nBye",
          files: files.map((content, index) => ({ name: `${index}.bin`, content })),
        });
      }),
    );
  });

  it("decode what other programs wrote, also without blanks at the ends of lines", () => {
    const text = "begin 644 cat.txt\n#0V%T\n`\nend\nbegin 755 zero\n$\n`\nend";
    expect(splitUuencoded(text).files).toEqual([
      { name: "cat.txt", content: Buffer.from("Cat") },
      { name: "zero", content: Buffer.alloc(4) },
    ]);
  });

  it.each(["begin 644 of a story\nwith an end\nend", "begin 644 cut.txt\n#0V%T\n", "to begin 644 x"])(
    "leave %j as text",
    (text) => {
      expect(splitUuencoded(text)).toEqual({ text, files: [] });
    },
  );

  it("have numbers of their own within the part", () => {
    expect(uuencodedIn(uuencodedPart("1.2", 0))).toEqual({ part: "1.2", index: 0 });
    expect(uuencodedIn("1.2")).toBeUndefined();
  });
});
