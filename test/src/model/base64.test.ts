import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Attachment } from "../../../src/model/activity.ts";
import { Base64Check, isBase64, withCheckedBase64 } from "../../../src/model/base64.ts";
import { validationErrors } from "../../../src/model/validate.ts";
import { cpuOf, leastCost } from "../../support/cpu-growth.ts";

/** Base64 as a regular expression. Its time is quadratic, so it serves short texts only. */
const REFERENCE = /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/;

/** CPU that all of the worst texts may cost, in ms. The pattern would take hours. */
const MAX_CPU_MS = 5_000;

/** The bodies that were slowest for the pattern: 320 kB took 68 s. */
const worst = (size: number): readonly string[] => [
  `${"\r\n".repeat(size / 2)}!`,
  `${"A".repeat(size)}!`,
  `A=${"\n".repeat(size)}!`,
  `A==${"\n".repeat(size)}=`,
];

describe("isBase64", () => {
  it("accepts exactly the texts that the pattern accepts", () => {
    const text = fc.string({ unit: fc.constantFrom("A", "z", "0", "+", "/", "=", "\r", "\n", "-", "é", "\u0141") });
    fc.assert(
      fc.property(text, (value) => isBase64(value) === REFERENCE.test(value)),
      { numRuns: 2_000 },
    );
  });

  it("accepts the same texts in slices as at once", () => {
    const text = fc.string({ unit: fc.constantFrom("A", "0", "=", "\n", "-"), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (slices) => {
        const check = new Base64Check();
        for (const slice of slices) check.add(slice);
        return check.isValid === REFERENCE.test(slices.join(""));
      }),
      { numRuns: 5_000 },
    );
  });

  it("knows the results of checks made before only while they hold", () => {
    const results = new Map([["-", true]]);
    expect(withCheckedBase64(results, () => [isBase64("-"), isBase64("A"), isBase64("!")])).toEqual([
      true,
      true,
      false,
    ]);
    expect(isBase64("-")).toBe(false);
  });

  it("takes linear time for megabytes of the worst input", async () => {
    const texts = worst(4_000_000);
    const check = () => cpuOf(async () => expect(texts.map(isBase64)).toEqual(texts.map(() => false)));
    expect(await leastCost(MAX_CPU_MS, check)).toBeLessThanOrEqual(MAX_CPU_MS);
  });
});

describe("the content of an attachment", () => {
  it("is refused in linear time with a detail that names the format", async () => {
    const contents = worst(4_000_000);
    const refuse = () =>
      cpuOf(async () => {
        for (const content of contents) {
          const refused = [{ pointer: "/content", detail: "must be base64" }];
          expect(validationErrors(Attachment, { name: "a", content })).toEqual(refused);
        }
      });
    expect(await leastCost(MAX_CPU_MS, refuse)).toBeLessThanOrEqual(MAX_CPU_MS);
  });
});
