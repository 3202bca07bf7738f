import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replyOf } from "../../../../../../src/platforms/email/client/smtp/reply.ts";

const same = (text: string): string => text;

describe("an SMTP server's refusal", () => {
  it("is read with code, status and all lines", () => {
    const line = fc.stringMatching(/^[A-Za-z][a-z]{0,10}$/);
    fc.assert(
      fc.property(
        fc.integer({ min: 400, max: 599 }),
        fc.tuple(fc.nat(999), fc.nat(999)),
        fc.array(line, { minLength: 1, maxLength: 4 }),
        (code, [subject, detail], lines) => {
          const status = `${Math.trunc(code / 100)}.${subject}.${detail}`;
          const written = lines.map((text, index) => `${code}${index < lines.length - 1 ? "-" : " "}${status} ${text}`);
          expect(replyOf(written.join("\r\n"), same)).toEqual({
            code,
            status,
            text: `${code} ${status} ${lines.join(" ")}`,
          });
        },
      ),
    );
  });

  it("is bounded and without control characters and secrets, whatever the server says", () => {
    const hostile = fc.string({
      unit: fc.oneof(fc.constantFrom("5", "0", ".", "-", " ", "\r\n", "SECRET"), fc.string({ unit: "binary" })),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          hostile,
          hostile.map((text) => `550 ${text}`),
          fc.jsonValue(),
        ),
        (response) => {
          const reply = replyOf(response, (text) => text.replaceAll("SECRET", "***"));
          if (reply === undefined) return;
          expect(reply.text.length).toBeLessThanOrEqual(300);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be absent
          expect(reply.text).not.toMatch(/[\u0000-\u001f\u007f]|SECRET/);
        },
      ),
    );
  });
});
