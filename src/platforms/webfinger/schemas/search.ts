import Type, { type Static } from "typebox";
import { Actor, ADDRESS_LENGTH } from "../../../model/activity.ts";

const Query = Type.Object(
  {
    address: Type.String({
      minLength: 3,
      maxLength: ADDRESS_LENGTH,
      description: "`acct:user@host`, `user@host` or an http or https address.",
      pattern: "^([Hh][Tt][Tt][Pp][Ss]?://\\S+|([Aa][Cc][Cc][Tt]:)?[^\\s@/:?#]+@[^\\s@/?#]+)$",
    }),
    name: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);

/** What `search` takes; ten targets, so that ten answers of the size that is read fit into one event. */
export const SearchShape = Type.Object(
  {
    actor: Actor,
    target: Type.Array(Query, { minItems: 1, maxItems: 10 }),
    object: Type.Object(
      {
        rel: Type.Optional(
          Type.Array(Type.String({ minLength: 1, maxLength: 512, pattern: "^\\S+$" }), {
            maxItems: 10,
            description: "Link relations that are wanted; servers may send others all the same.",
          }),
        ),
      },
      { additionalProperties: false },
    ),
    context: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);
export type SearchObject = Static<typeof SearchShape>["object"];

export const SEARCH_EXAMPLE: Static<typeof SearchShape> = {
  actor: { address: "bob@example.com" },
  target: [{ address: "acct:foo@bar.com" }],
  object: {},
};
