import Type, { type Static } from "typebox";
import { Actor, ADDRESS_LENGTH } from "../../../model/activity.ts";
import { WHITE_SPACE } from "../../../model/pattern-classes.ts";

const Subject = Type.Object(
  {
    address: Type.String({
      minLength: 3,
      maxLength: ADDRESS_LENGTH,
      description: "`acct:user@host`, `user@host` or an http or https address.",
      pattern: `^([Hh][Tt][Tt][Pp][Ss]?://[^${WHITE_SPACE}]+|([Aa][Cc][Cc][Tt]:)?[^@/:?#${WHITE_SPACE}]+@[^@/?#${WHITE_SPACE}]+)$`,
    }),
    name: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);

/** Activity of `search`. Ten descriptors of the largest size fit into one event. */
export const SearchSchema = Type.Object(
  {
    actor: Actor,
    target: Type.Array(Subject, { minItems: 1, maxItems: 10 }),
    object: Type.Object(
      {
        webfinger: Type.Optional(
          Type.Object(
            {
              rel: Type.Optional(
                Type.Array(Type.String({ minLength: 1, maxLength: 512, pattern: `^[^${WHITE_SPACE}]+$` }), {
                  maxItems: 10,
                  description: "Link relations to ask for; servers may send others too.",
                }),
              ),
            },
            { additionalProperties: false },
          ),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

export const SEARCH_EXAMPLE: Static<typeof SearchSchema> = {
  actor: { address: "bob@example.com" },
  target: [{ address: "acct:foo@bar.com" }],
  object: {},
};
export const SEARCH_RENAMED = { "/object/rel": "object.webfinger.rel" };
