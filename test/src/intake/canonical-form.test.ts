import { describe, expect, it } from "vitest";
import { readContext, renamedErrors, withPlainAddresses } from "../../../src/intake/canonical-form.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { platforms } from "../../../src/platforms/index.ts";

describe("readContext", () => {
  it.each([
    ["room", { type: "room" }],
    ["direct", { type: "direct" }],
    ["order-4711", { type: "thread", id: "order-4711" }],
    [
      { type: "room", id: "#lobby" },
      { type: "room", id: "#lobby" },
    ],
  ])("reads %j", (posted, context) => {
    expect(readContext(posted)).toEqual({ context });
  });

  it("omits an absent context", () => {
    expect(readContext(undefined)).toEqual({});
  });

  it.each(["", 7, [], {}, { type: "planet" }, { type: "room", key: 1 }, "x".repeat(257)])("refuses %j", (posted) => {
    const result = readContext(posted);
    expect("errors" in result && result.errors[0]?.pointer.startsWith("/context")).toBe(true);
  });

  it("refuses a type that the platform does not distinguish", () => {
    expect(readContext("feed", ["room", "direct"])).toEqual({
      errors: [{ pointer: "/context", detail: "must be `room` or `direct` here" }],
    });
  });
});

describe("renamedErrors", () => {
  const verb = { renamed: { "/object/key": "object.password", "/target/*/room": "target[].address" } } as never;

  it("names the new spelling of each old property", () => {
    expect(renamedErrors(verb, { object: { key: "x" }, target: [{ address: "a" }, { room: "b" }] })).toEqual([
      { pointer: "/object/key", detail: "was renamed: use object.password" },
      { pointer: "/target/*/room", detail: "was renamed: use target[].address" },
    ]);
  });

  it("names the new spelling of old values, and leaves values of today", () => {
    const isOld = (value: unknown) => typeof value === "number";
    const values = [{ pointer: "/object/before", example: 7, isOld, instead: "`after`" }];
    const errors = (before: unknown) => renamedErrors({ renamedValues: values } as never, { object: { before } });
    expect(errors(7)).toEqual([{ pointer: "/object/before", detail: "was renamed: use `after`" }]);
    expect(errors("7.1")).toEqual([]);
  });

  it("is empty for activities of the new spelling", () => {
    expect(renamedErrors(verb, { object: { password: "x" }, target: [] })).toEqual([]);
    expect(renamedErrors({} as never, { object: { key: "x" } })).toEqual([]);
  });
});

describe("withPlainAddresses", () => {
  it("reads URIs in object.address as well, and paths as the platform says", () => {
    const irc = platforms({}).find(({ id }) => id === "irc") as Platform;
    const read = (address: string) => withPlainAddresses(irc, { target: [], object: { type: "room", address } }).object;
    expect(["irc:%23lobby", "irc://irc.example.net/lobby", "irc://irc.example.net/alice,isnick"].map(read)).toEqual(
      ["#lobby", "#lobby", "alice"].map((address) => ({ type: "room", address })),
    );
  });

  const platform = { uriSchemes: ["irc", "xmpp"] } as never;
  const plain = (address: unknown) =>
    withPlainAddresses(platform, { actor: { address }, target: [{ address, name: "n" }] }).target;

  it.each([
    ["xmpp:alice@example.org", "alice@example.org"],
    ["XMPP:garden@rooms.example.org?join", "garden@rooms.example.org"],
    ["irc://irc.example.net/%23lobby", "#lobby"],
    ["mailto:foo@bar.com", "mailto:foo@bar.com"],
    ["alice@example.org", "alice@example.org"],
    ["irc:%zz", "%zz"],
    [7, 7],
  ])("reads %s", (posted, address) => {
    expect(plain(posted)).toEqual([{ address, name: "n" }]);
  });
});
