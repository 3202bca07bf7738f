import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  packSeen,
  rememberSeen,
  unpackSeen,
} from "../../../../../../src/platforms/feeds/client/document/seen-entries.ts";

const seen = fc
  .array(fc.tuple(fc.stringMatching(/^[0-9a-f]{12}$/), fc.stringMatching(/^[0-9a-f]{8}$/)), { maxLength: 30 })
  .map((entries) => new Map(entries));

describe("entries seen of a feed", () => {
  it("are read in their order as they were packed", () => {
    fc.assert(
      fc.property(seen, (entries) => {
        expect([...unpackSeen(packSeen(entries))]).toEqual([...entries]);
      }),
    );
  });

  it("are read from any text, and only whole entries", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        for (const entry of unpackSeen(text)) expect(entry.map((hex) => hex.length)).toEqual([12, 8]);
      }),
    );
  });

  it("hold all of the new document, and forget nothing for an empty one", () => {
    fc.assert(
      fc.property(seen, seen, (before, now) => {
        const remembered = rememberSeen(before, now);
        for (const [key, content] of now) expect(remembered.get(key)).toBe(content);
        expect(rememberSeen(before, new Map())).toEqual(before);
      }),
    );
  });
});
