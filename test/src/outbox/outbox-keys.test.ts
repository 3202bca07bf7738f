import fc from "fast-check";
import { expect, it } from "vitest";
import { memberOf, readMember } from "../../../src/outbox/outbox-keys.ts";

it("a member of an index is read back, whatever its rid holds", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9]{1,20}$/), fc.string({ maxLength: 128 }), (app, rid) => {
      expect(readMember(memberOf(app, rid))).toEqual({ app, rid });
    }),
  );
});
