import Type, { type Static } from "typebox";
import { Actor, ADDRESS_LENGTH } from "../../../model/activity.ts";

const Feed = Type.Object(
  {
    address: Type.String({
      minLength: 8,
      maxLength: ADDRESS_LENGTH,
      description: "Address of a feed, or of a page that names one; `feed:` addresses too.",
      pattern: "^([Hh][Tt][Tt][Pp][Ss]?|[Ff][Ee][Ee][Dd]):\\S+$",
    }),
    name: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);
const moment = (description: string) => Type.Optional(Type.String({ format: "date-time", description }));

/** How many entries a feed gives when nothing is said, and at most. */
export const ENTRIES = { usual: 10, most: 500 } as const;

export const FetchShape = Type.Object(
  {
    actor: Actor,
    target: Type.Array(Feed, { minItems: 1, maxItems: 20 }),
    object: Type.Object(
      {
        limit: Type.Optional(
          Type.Integer({ minimum: 1, maximum: ENTRIES.most, description: "Entries of each feed; default 10." }),
        ),
        after: moment("Only entries dated later than this; entries without a date are left out."),
        before: moment("Only entries dated earlier than this; entries without a date are left out."),
      },
      { additionalProperties: false },
    ),
    context: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);
export type FetchObject = Static<typeof FetchShape>["object"];

export const FETCH_EXAMPLE: Static<typeof FetchShape> = {
  actor: { address: "bob@example.com" },
  target: [{ address: "https://example.com/feed.xml" }],
  object: { limit: 10 },
};
