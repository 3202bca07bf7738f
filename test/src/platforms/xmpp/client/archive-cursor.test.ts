import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatCursor,
  isOfArchive,
  overlapStart,
  parseCursor,
} from "../../../../../src/platforms/xmpp/client/archive-cursor.ts";

const time = fc
  .date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") })
  .map((date) => date.toISOString());
const digests = fc.array(fc.stringMatching(/^[\w-]{12}$/), { maxLength: 5 });
const id = fc.stringMatching(/^([^@\n][^\n]{0,30})?$/);

describe("a cursor of an archive", () => {
  it("is parsed as it was formatted", () => {
    const cursors = fc.oneof(fc.record({ id, time, digests }), fc.record({ time, digests }));
    fc.assert(
      fc.property(cursors, (cursor) => {
        expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
      }),
    );
  });

  it("may be a bare id, as earlier versions stored it", () => {
    expect(parseCursor("2026-11 id")).toEqual({ id: "2026-11 id", digests: [] });
    expect(parseCursor("")).toEqual({ id: "", digests: [] });
  });

  it("is told from the history of a room without an archive", () => {
    expect([undefined, "@2026-01-01T00:00:00.000Z a", "id", "id\n@2026-01-01T00:00:00.000Z"].map(isOfArchive)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it("overlaps ten minutes, or one where no message is known", () => {
    const last = "2026-01-01T01:00:00.000Z";
    expect(overlapStart({ time: last, digests: ["a"] })).toBe("2026-01-01T00:50:00.000Z");
    expect(overlapStart({ time: last, digests: [] })).toBe("2026-01-01T00:59:00.000Z");
    expect(overlapStart({ digests: [] })).toBeUndefined();
  });
});
