import { expect, it } from "vitest";
import { factsOf, selectorOf, selects } from "../../../src/event-log/filter.ts";

const arrival = {
  type: "activity",
  platform: "email",
  verb: "send",
  actor: { address: "Bob@x.org" },
  target: [{ address: "alice@x.org" }],
};
const result = {
  type: "result",
  platform: "email",
  verb: "send",
  rid: 5,
  actor: { address: "bob@x.org" },
  target: [{ address: "alice@x.org" }],
};

it("selects > ?actor= matches events from an address and to it", () => {
  for (const [address, event, found] of [
    ["bob@x.org", arrival, true],
    ["ALICE@x.org", arrival, true],
    ["bob@x.org", result, true],
    ["alice@x.org", result, false],
  ] as const) {
    expect(selects(selectorOf({ actors: [address] }, {}), factsOf(event))).toBe(found);
  }
});

it("selects > a token for an account sees no other account's events, whatever sender they claim", () => {
  const bob = selectorOf({}, { actors: ["bob@x.org"] });
  expect(selects(bob, factsOf(result))).toBe(true);
  expect(selects(bob, factsOf(arrival))).toBe(false);
  expect(selects(selectorOf({}, { actors: ["alice@x.org"] }), factsOf(arrival))).toBe(true);
});

it("selects > an empty limit allows no event, and a filter never widens a limit", () => {
  expect(selects(selectorOf({}, { actors: [] }), factsOf(result))).toBe(false);
  expect(selects(selectorOf({ actors: ["bob@x.org"] }, { actors: ["eve@x.org"] }), factsOf(result))).toBe(false);
  expect(selects(selectorOf({ rids: ["5"] }, { platforms: ["xmpp"] }), factsOf(result))).toBe(false);
});
