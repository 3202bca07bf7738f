import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idAt, isNewer, personOf, timeOf } from "../../../../../src/platforms/twitter/schemas/address.ts";
import { rangeOf } from "../../../../../src/platforms/twitter/verbs/cursor.ts";

describe("ids of X", () => {
  const time = fc.integer({ min: 1_288_834_974_657, max: 3_000_000_000_000 });

  it("contain the time they were made for, and grow with it", () => {
    fc.assert(
      fc.property(time, time, (one, other) => {
        expect(timeOf(idAt(one))).toBe(one);
        expect(isNewer(idAt(one), idAt(other))).toBe(one > other);
      }),
    );
  });

  it("and names are told apart by their digits", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^@?[A-Za-z0-9_]{1,15}$/), (address) => {
        const person = personOf(address);
        expect("id" in person ? person.id : person.name).toBe(address.replace("@", ""));
        expect("id" in person).toBe(/^[0-9]+$/.test(address));
      }),
    );
  });
});

describe("a cursor of X", () => {
  it("is read with its token, and any other text means the whole list", () => {
    const token = fc.option(fc.stringMatching(/^[!-~]{1,30}$/), { nil: undefined });
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{1,19}$/), token, fc.string(), (id, page, other) => {
        const after = `older:${id}${page === undefined ? "" : `:${page}`}`;
        expect(rangeOf(after, `newer:${id}`)).toEqual({
          olderThan: id,
          newerThan: id,
          ...(page === undefined ? {} : { token: page }),
        });
        expect(rangeOf(`x${other}`, `x${other}`)).toEqual({});
      }),
    );
  });
});
