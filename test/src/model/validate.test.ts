import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import Type from "typebox";
import { describe, expect, it } from "vitest";
import { validationErrors } from "../../../src/model/validate.ts";

const closed = { additionalProperties: false };
const MessageKind = Type.Union([Type.Literal("message"), Type.Literal("notice")]);
const Tagged = Type.Object({
  object: Type.Union([
    Type.Object({ type: Type.Literal("topic"), body: Type.String() }, closed),
    Type.Object({ type: Type.Literal("profile"), name: Type.String() }, closed),
  ]),
});
const Any = Type.Union([Type.Object({ body: Type.String() }), Type.Object({ html: Type.String() })]);

describe("validationErrors details", () => {
  it("list the allowed values once", () => {
    const all = [{ pointer: "/type", detail: 'must be one of "message", "notice"' }];
    expect(validationErrors(Type.Object({ type: MessageKind }), { type: "shout" })).toEqual(all);
    expect(validationErrors(Type.Object({ type: MessageKind }), { type: false })).toEqual(all);
  });

  it("are those of the branch that the tag selects", () => {
    expect(validationErrors(Tagged, { object: { type: "topic" } })).toEqual([
      { pointer: "/object/body", detail: "is required" },
    ]);
    expect(validationErrors(Tagged, { object: { type: "profile", name: "x", more: 1 } })).toEqual([
      { pointer: "/object", detail: "has the property more, which is not known here; known are type, name" },
    ]);
  });

  it("list the allowed tags where none matches, and point at a missing tag", () => {
    expect(validationErrors(Tagged, { object: { type: "topik", body: "x" } })).toEqual([
      { pointer: "/object/type", detail: 'must be one of "topic", "profile"' },
    ]);
    expect(validationErrors(Tagged, { object: { body: "x" } })).toEqual([
      { pointer: "/object/type", detail: "is required" },
    ]);
  });

  it("join alternatives in one sentence", () => {
    expect(validationErrors(Any, {})).toEqual([{ pointer: "", detail: "needs one of body, html" }]);
    const either = Type.Union([Type.String(), Type.Integer()]);
    expect(validationErrors(either, true)).toEqual([{ pointer: "", detail: "must be string or integer" }]);
    expect(validationErrors(Type.Union([Type.String({ minLength: 2 }), Type.Integer()]), "a")).toEqual([
      { pointer: "", detail: "must have at least 2 characters" },
    ]);
  });

  it("use the schema's description, and never repeat the input", () => {
    const room = Type.Object({
      "a/b": Type.String({ pattern: "^#", description: "A channel such as #lobby." }),
    });
    expect(validationErrors(room, { "a/b": "secret" })).toEqual([
      {
        pointer: "/a~1b",
        detail: "has characters or a form that are not allowed; meant is: A channel such as #lobby",
      },
    ]);
    expect(
      JSON.stringify(validationErrors(Type.Object({ at: Type.String({ format: "date-time" }) }), { at: "secret" })),
    ).toContain("2030-01-31T12:00:00Z");
    expect(validationErrors(Type.Object({}, closed), { s3cret: 1 })).toEqual([
      { pointer: "", detail: "has a property that is not known here" },
    ]);
  });
});

describe("validationErrors", () => {
  it("keeps no reference to a refused value, which may be a secret", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const schema = Type.Object({ login: Type.Union([Type.Object({ password: Type.Number() }), Type.Null()]) });
    const refuse = (): WeakRef<object> => {
      const login = { password: "correct horse" };
      expect(validationErrors(schema, { login })).toHaveLength(1);
      return new WeakRef(login);
    };
    const refused = refuse();
    await new Promise(setImmediate);
    collect();
    expect(refused.deref()).toBeUndefined();
  });
});
