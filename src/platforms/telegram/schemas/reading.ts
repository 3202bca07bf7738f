import Type, { type Static } from "typebox";
import { BotActor, Group } from "./addresses.ts";

const STRICT = { additionalProperties: false } as const;

export const QuerySchema = Type.Object(
  {
    actor: BotActor,
    target: Type.Array(Group, { minItems: 1, maxItems: 1 }),
    object: Type.Object(
      {
        type: Type.Enum(["members", "person", "room"], {
          description: "`members`: the administrators and the number of all; bots see no others.",
        }),
      },
      STRICT,
    ),
  },
  STRICT,
);
export const QUERY_EXAMPLE: Static<typeof QuerySchema> = {
  actor: { address: "@example_bot" },
  target: [{ address: "-1001234567890" }],
  object: { type: "members" },
};

export const FetchSchema = Type.Object(
  {
    actor: BotActor,
    target: Type.Optional(Type.Array(Type.Object({}), { maxItems: 0 })),
    object: Type.Object(
      {
        attachments: Type.Array(Type.String({ minLength: 1, maxLength: 256, pattern: "^[A-Za-z0-9_-]+$" }), {
          minItems: 1,
          maxItems: 1,
          description: "Id of an attachment that arrived. Bots cannot read the history of a chat.",
        }),
      },
      STRICT,
    ),
  },
  STRICT,
);
export const FETCH_EXAMPLE: Static<typeof FetchSchema> = {
  actor: { address: "@example_bot" },
  object: { attachments: ["AgACAgIAAxkBAAIBY2ZQ"] },
};
