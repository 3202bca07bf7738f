import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprint } from "../../../src/intake/fingerprint.ts";

/** Sorts the keys of each object. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(entries.map(([key, item]) => [key, sorted(item)]));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

const expected = (value: unknown): string =>
  createHash("sha256")
    .update(canonical(sorted(value)))
    .digest("base64url");

describe("fingerprint of a request", () => {
  it("is the digest of its JSON with sorted keys", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect(await fingerprint(value)).toBe(expected(value));
      }),
    );
  });

  it("is the same for strings that are digested in slices", async () => {
    const value = { b: ["é\n".repeat(100_000), 1, "x".repeat(70_000)], a: "😀".repeat(50_000), c: {} };
    expect(await fingerprint(value)).toBe(expected(value));
  });
});
