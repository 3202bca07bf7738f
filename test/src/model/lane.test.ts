import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DRAIN_PARTS, drainQueue, laneOf, laneParts } from "../../../src/model/lane.ts";

const address = fc.oneof(fc.emailAddress(), fc.webUrl(), fc.string({ unit: "binary", maxLength: 40 }));
const activity = fc.record({
  id: fc.constant("01J00000000000000000000000"),
  platform: fc.constantFrom("email", "xmpp", "irc"),
  actor: fc.record({ address }),
  target: fc.array(fc.record({ address }), { minLength: 1, maxLength: 5 }),
});
const app = fc.stringMatching(/^[A-Za-z0-9]{1,20}$/);
const shard = fc.option(fc.integer({ min: 0, max: 15 }), { nil: undefined });

describe("the name of a lane", () => {
  it("tells app, platform and queue, whatever the addresses hold", () => {
    fc.assert(
      fc.property(app, activity, shard, (name, posted, held) => {
        const parts = laneParts(laneOf(name, posted, held));
        const queue = held === undefined ? posted.platform : `held.${held}`;
        expect(parts).toMatchObject({ app: name, platform: posted.platform, queue });
        expect(parts.hash).toMatch(/^[A-Za-z0-9_-]{22}$/);
        expect(drainQueue(parts.drain)).toBe(queue);
        expect(Number(parts.drain.slice(queue.length + 1))).toBeLessThan(DRAIN_PARTS);
      }),
    );
  });

  it("is the same for the same people in any order and case, and another for other apps", () => {
    fc.assert(
      fc.property(app, app, activity, (name, other, posted) => {
        const lane = laneOf(name, posted);
        const [first] = posted.target;
        const turned = { ...posted, target: [...posted.target].reverse() };
        if (first?.address === turned.target[0]?.address) expect(laneOf(name, turned)).toBe(lane);
        expect(laneParts(laneOf(name, turned)).hash.slice(0, 18)).toBe(laneParts(lane).hash.slice(0, 18));
        if (other !== name) expect(laneOf(other, posted)).not.toBe(lane);
      }),
    );
  });
});
