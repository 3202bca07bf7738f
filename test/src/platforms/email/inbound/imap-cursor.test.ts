import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatCursor, mailKey, parseCursor } from "../../../../../src/platforms/email/inbound/imap-cursor.ts";

describe("the read position of a folder", () => {
  const cursor = fc.record({
    uidValidity: fc.nat().map(String),
    uid: fc.nat({ max: 4_294_967_295 }),
    newest: fc.nat({ max: 10 ** 14 }),
  });

  it("is read back as it was stored", () => {
    fc.assert(
      fc.property(cursor, (position) => {
        expect(parseCursor(formatCursor(position))).toEqual(position);
      }),
    );
  });

  it("is nothing where the stored text is any other", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d:-]{0,40}$/)), (text) => {
        const read = parseCursor(text);
        if (read !== undefined) expect(text).toMatch(/^\d+:\d+:\d+$/);
      }),
    );
    expect(parseCursor(undefined)).toBeUndefined();
  });
});

it("the key of a mail depends on its bytes, and without a Message-ID on its place", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (hash, first, second) => {
      const traits = { messageId: "<a@b>", hash, size: 1 };
      expect(mailKey(traits, first)).toBe(mailKey({ ...traits, messageId: "<c@d>" }, second));
      const nameless = { ...traits, messageId: undefined };
      expect(mailKey(nameless, first) === mailKey(nameless, second)).toBe(first === second);
    }),
  );
});
