import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineDecoder, MAX_LINE_BYTES } from "../../../../../src/platforms/irc/client/line-decoder.ts";
import { tokenBucket } from "../../../../../src/platforms/irc/client/token-bucket.ts";
import { availableBytes, messageLine, split } from "../../../../../src/platforms/irc/verbs/split.ts";

const text = fc.string({
  unit: fc.constantFrom("a", "ä", "€", "🎉", " ", "\n", "\r\n", "\t", "\u0301"),
  maxLength: 900,
});

describe("split", () => {
  it("loses only blanks, and no part is too long or blank", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 8, max: 350 }), (body, max) => {
        const parts = split(body, max);
        const inked = (all: string) => all.replace(/\s/gu, "");
        expect(inked(parts.join(""))).toBe(inked(body));
        for (const part of parts) {
          expect(Buffer.byteLength(part)).toBeLessThanOrEqual(max);
          expect(part.trim()).not.toBe("");
          expect(part).not.toMatch(/[\r\n]/);
        }
      }),
    );
  });

  it("cuts between characters, also without a space, and after a near space", () => {
    expect(split("🎉🎉🎉", 8)).toEqual(["🎉🎉", "🎉"]);
    expect(split("🇩🇪🇫🇷".repeat(2), 40)).toEqual(["🇩🇪🇫🇷🇩🇪🇫🇷"]);
    expect(split("xx🇩🇪🇫🇷🇩🇪🇫🇷🇩🇪", 34)).toEqual(["xx🇩🇪🇫🇷🇩🇪🇫🇷", "🇩🇪"]);
    expect(split("some words here", 12)).toEqual(["some words", "here"]);
    expect(split("one\n\n \r\ntwo", 350)).toEqual(["one", "two"]);
  });

  it("goes on with the formatting of a text that it cuts, within the bytes of a part", () => {
    const text = `\u0002${"bold ".repeat(10)}\u000f plain`;
    const parts = split(text, 30);
    expect(parts.slice(0, -1).every((part) => part.startsWith("\u0002"))).toBe(true);
    expect(parts.every((part) => Buffer.byteLength(part) <= 30)).toBe(true);
    expect(parts.at(-1)).toMatch(/plain$/);
  });

  it("leaves room for what the server puts before a line", () => {
    const nick = "n".repeat(30);
    for (const kind of ["message", "action", "notice"] as const) {
      for (const target of ["#a", "#".padEnd(64, "x")]) {
        const [part = ""] = split("x".repeat(2_000), availableBytes(target, kind));
        const passedOn = `:${nick}!~${"u".repeat(10)}@${"h".repeat(63)} ${messageLine(target, part, kind)}\r\n`;
        expect(Buffer.byteLength(passedOn)).toBeLessThanOrEqual(512);
      }
    }
  });
});

describe("lineDecoder", () => {
  it("yields the same lines for any chunking", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("a", "ä", "🎉", " ", ":") }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 50 }),
        (lines, cuts) => {
          const reader = lineDecoder();
          const got: string[] = [];
          let rest = Buffer.from(lines.map((line) => `${line}\r\n`).join(""));
          for (let at = 0; rest.length > 0; at++) {
            const size = cuts[at % cuts.length] as number;
            reader.push(rest.subarray(0, size));
            rest = rest.subarray(size);
            for (let line = reader.next(); line !== undefined; line = reader.next()) got.push(line);
          }
          expect(got).toEqual(lines);
        },
      ),
    );
  });

  it("reads windows-1252 where bytes are not UTF-8, and drops NUL and stray CR", () => {
    const reader = lineDecoder();
    reader.push(Buffer.from([0x67, 0xfc, 0x0d, 0x00, 0x21, 0x0d, 0x0a]));
    expect(reader.next()).toBe("gü!");
  });

  it.each([
    ["windows-1252", [0x80, 0x20, 0x93, 0x61, 0x94, 0x20, 0x63, 0x61, 0x66, 0xe9], "€ “a” café"],
    ["a line cut inside a character", [...Buffer.from("Привет "), 0xd0], "Привет \ufffd"],
    ["a line cut inside a four-byte character", [...Buffer.from("ä "), 0xf0, 0x9f, 0x8e], "ä \ufffd"],
    ["a line that ngIRCd cut", [...Buffer.from("Привет "), 0xd0, ...Buffer.from("[CUT]")], "Привет \ufffd[CUT]"],
    ["UTF-8 with a byte of windows-1252", [...Buffer.from("ä "), 0x80, 0x21], "ä €!"],
  ])("decodes %s", (_what, bytes, line) => {
    const decoder = lineDecoder();
    decoder.push(Buffer.from([...bytes, 0x0d, 0x0a]));
    expect(decoder.next()).toBe(line);
  });

  it("refuses an endless line, in one piece or in small chunks", () => {
    const reader = lineDecoder();
    reader.push(Buffer.alloc(MAX_LINE_BYTES + 1, "a"));
    expect(() => reader.next()).toThrow(/without an end/);
    const drop = lineDecoder();
    expect(() => {
      for (let at = 0; at <= MAX_LINE_BYTES; at++) {
        drop.push(Buffer.from("a"));
        drop.next();
      }
    }).toThrow(/without an end/);
  });
});

describe("tokenBucket", () => {
  it("passes a burst at once and then waits", async () => {
    let now = 0;
    const bucket = tokenBucket({ burst: 3, interval: 1_000 }, () => now);
    const stop = AbortSignal.abort(new Error("waited"));
    for (let line = 0; line < 3; line++) await bucket.take(stop);
    await expect(bucket.take(stop)).rejects.toThrow();
    now = 1_000;
    await bucket.take(stop);
    await expect(bucket.take(stop)).rejects.toThrow();
    now = 60_000;
    for (let line = 0; line < 3; line++) await bucket.take(stop);
    await expect(bucket.take(stop)).rejects.toThrow();
  });
});
