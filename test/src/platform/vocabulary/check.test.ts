import Type from "typebox";
import { describe, expect, it } from "vitest";
import { eventIssues, objectIssues, schemaIssues } from "../../../../src/platform/vocabulary/check.ts";

const verb = (object: Type.TSchema) => Type.Object({ object });

describe("schemaIssues", () => {
  it("accepts narrowed terms, alternatives and the platform's own namespace", () => {
    const schema = verb(
      Type.Union([
        Type.Object({ type: Type.Literal("topic"), body: Type.String({ maxLength: 390 }) }),
        Type.Object({ type: Type.Literal("profile"), name: Type.String(), irc: Type.Object({}) }),
      ]),
    );
    expect(schemaIssues(["irc"], "update", schema)).toEqual([]);
  });

  it("names verbs and properties that are not in the vocabulary", () => {
    expect(schemaIssues([], "holler", verb(Type.Object({})))).toEqual(["verb holler is not in the vocabulary"]);
    expect(schemaIssues([], "join", verb(Type.Object({ key: Type.String() })))).toEqual([
      "join: object.key is not a term",
    ]);
    expect(schemaIssues([], "join", verb(Type.Object({ body: Type.String() })))).toEqual([
      "join: object.body does not belong to the verb",
    ]);
  });

  it("names a property of another JSON type", () => {
    expect(schemaIssues([], "fetch", verb(Type.Object({ limit: Type.String() })))).toEqual([
      "fetch: object.limit is string, not as the term says",
    ]);
  });
});

describe("objectIssues", () => {
  it("checks the items of collections, nested collections and activities", () => {
    const object = {
      type: "collection",
      items: [
        { address: "alice", name: "Alice", role: "owner" },
        { verb: "send", actor: { address: "bob" }, object: { id: "1", body: "Hi" }, published: "2026-11-28T00:00:00Z" },
        { type: "collection", address: "#lobby", items: [{ type: "room", address: "#lobby", members: 3 }] },
      ],
      next: "1",
    };
    expect(objectIssues([], object)).toEqual([]);
    expect(objectIssues([], { items: [{ nickname: "x" }] })).toEqual(["items/0: object.nickname is not a term"]);
  });

  it("names wrong values", () => {
    expect(objectIssues([], { cause: "why" })[0]).toMatch(/^object\.cause /);
  });
});

describe("eventIssues", () => {
  it("checks the verb, the context and the object of an inbound event", () => {
    const context = { type: "room", id: "#lobby" };
    expect(eventIssues([], { verb: "leave", context, object: { cause: "kicked", by: { address: "op" } } })).toEqual([]);
    expect(eventIssues([], { verb: "kick", context: { type: "place" }, object: {} })).toHaveLength(2);
  });
});
