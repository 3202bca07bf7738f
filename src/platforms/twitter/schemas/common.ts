import Type, { type TSchema } from "typebox";
import { WHITE_SPACE } from "../../../model/pattern-classes.ts";
import { PERSON_PATTERN, POST_PATTERN } from "./address.ts";

export const STRICT = { additionalProperties: false } as const;
const NAME = Type.Optional(Type.String({ maxLength: 256 }));

/** Returns a pattern that matches any of the given ones. */
export const anyOfPatterns = (...patterns: readonly string[]) => patterns.map((pattern) => `(?:${pattern})`).join("|");

/** Returns the schema of an item of `target`. */
export const address = (pattern: string, description: string, maxLength = 256) =>
  Type.Object({ address: Type.String({ minLength: 1, maxLength, pattern, description }), name: NAME }, STRICT);

/** Returns the schema of a `target` with at least one item. */
export const targets = <Item extends TSchema>(item: Item, maxItems: number) =>
  Type.Array(item, { minItems: 1, maxItems });

/** Returns the schema of a `target` that may be left out. */
export const optionalTarget = (pattern: string, description: string) =>
  Type.Array(address(pattern, description), { maxItems: 1 });

/** Schema of the acting account: its name or id at X, as it was stored. */
export const XActor = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      maxLength: 20,
      pattern: PERSON_PATTERN,
      description: "The account's name at X, such as @bob, as it was stored.",
    }),
    name: NAME,
  },
  STRICT,
);

/** Returns the schema of a verb's activity. */
export const verbSchema = <Target extends TSchema, Content extends TSchema>(target: Target, object: Content) =>
  Type.Object({ actor: XActor, target, object }, STRICT);

/** Schema of a post's id: as X gives it, or its address on x.com. */
export const PostId = Type.String({
  maxLength: 300,
  pattern: POST_PATTERN,
  description: "The post's id, or its address on x.com.",
});

/** Returns the schema of a text with at least one visible character. */
export const text = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: `[^${WHITE_SPACE}]`,
    description: "Plain text with at least one visible character.",
  });

export const Message = Type.Optional(Type.Literal("message"));
