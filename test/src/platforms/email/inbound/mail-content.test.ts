import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { actionOf, statusOf } from "../../../../../src/platforms/email/inbound/bounce-status.ts";
import { decodeWords, parseStructured, splitFields } from "../../../../../src/platforms/email/inbound/header-fields.ts";
import { decodeTransfer } from "../../../../../src/platforms/email/inbound/mail-content.ts";

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom("=?utf-8?q?", "?=", "=", "\r\n", " ", ";", "*0*=", '"', "\\", "(", ")", "'", "%e9", "5.1.1"),
    fc.string({ unit: "binary", maxLength: 2 }),
  ),
  maxLength: 60,
});

describe("a transfer encoding", () => {
  it("is undone", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const content = Buffer.from(bytes);
        const lines = (encoded: string, end: string): Buffer =>
          Buffer.from(encoded.match(/.{1,60}/g)?.join(`${end}\r\n`) ?? "");
        const quoted = [...bytes].map((byte) => `=${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("");
        expect(decodeTransfer(lines(content.toString("base64"), ""), "base64")).toEqual(content);
        expect(decodeTransfer(lines(quoted, "="), "quoted-printable")).toEqual(content);
      }),
    );
  });
});

describe("header fields", () => {
  it("carry encoded words of any text", () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 3 }), (words) => {
        const encoded = words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString("base64")}?=`);
        expect(decodeWords(encoded.join("\r\n "))).toBe(words.join(""));
      }),
    );
  });

  it("carry parameters in quotes and by RFC 2231", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{1,20}$/), text, (plain, name) => {
        const quoted = plain.replace(/["\\]/g, "\\$&");
        const percent = [...Buffer.from(name)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
        const { value, parameters } = parseStructured(`Text/Plain; a="${quoted}"; name*=utf-8''${percent}`);
        expect(value).toBe("text/plain");
        expect(parameters).toMatchObject({ a: plain, name });
      }),
    );
  });

  it("are read whatever they hold", () => {
    fc.assert(
      fc.property(hostile, (raw) => {
        expect(decodeWords(raw)).toBeTypeOf("string");
        expect(parseStructured(raw).value).toBeTypeOf("string");
        for (const { name } of splitFields(raw)) expect(name).toMatch(/^[!-9;-~]+$/);
      }),
    );
  });
});

describe("a delivery report's status", () => {
  it("is a code of RFC 3463 or nothing, whatever the server wrote", () => {
    fc.assert(
      fc.property(hostile, hostile, (field, words) => {
        const status = statusOf(field, words);
        expect(status ?? "5.1.1").toMatch(/^[245]\.\d{1,3}\.\d{1,3}$/);
        expect([undefined, "delivered", "relayed", "expanded", "delayed", "failed"]).toContain(actionOf(field, status));
      }),
    );
  });
});
