import Type from "typebox";
import { describe, expectTypeOf, it } from "vitest";
import { defineVerb, type Receipt } from "../../../src/platform/platform.ts";

const schema = Type.Object({
  actor: Type.Object({ address: Type.String() }),
  object: Type.Object({ body: Type.String(), limit: Type.Optional(Type.Integer()) }),
});
const receipt: Receipt = { outcomes: [] };

describe("defineVerb", () => {
  it("gives `run` the object that the schema describes", () => {
    const example = { actor: { address: "bob" }, object: { body: "Hi" } };
    defineVerb({
      summary: "Sends a message",
      schema,
      example,
      run: async (_client, { object }) => {
        expectTypeOf(object).toEqualTypeOf<{ body: string; limit?: number }>();
        expectTypeOf(object).not.toHaveProperty("text");
        return receipt;
      },
    });
  });
});
