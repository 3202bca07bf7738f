import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { activityIdIn, messageIdIn } from "../../../../../src/platforms/email/inbound/bounce-ids.ts";
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

describe("an id in a report", () => {
  const id = "01J0ABCDEFGHJKMNPQRSTVWXYZ";
  const noise = fc.array(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("Message-ID: <", "X-Dragoman-Id:", ">", "\r\n", "@", "=")),
  );
  const sources = { envelopeId: "", returned: "", text: "", answered: "", recipients: "" };

  it("is found in our own field, whatever stands around it", () => {
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        const returned = `${before.join("").replace(/dragoman-id/gi, "")}\r\nX-Dragoman-Id: ${id}\r\n${after.join("")}`;
        expect(activityIdIn({ ...sources, returned })).toBe(id);
      }),
    );
  });

  it("is an id or nothing, in any text", () => {
    fc.assert(
      fc.property(noise, (pieces) => {
        const text = pieces.join("");
        const found = activityIdIn({ envelopeId: text, returned: text, text, answered: text, recipients: text });
        if (found !== undefined) expect(found).toMatch(/^[0-7][0-9A-Z]{25}$/);
        const messageId = messageIdIn(text);
        if (messageId !== undefined) expect(messageId).toMatch(/^<[^<>\s]+>$/);
      }),
    );
  });
});
