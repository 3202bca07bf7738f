import Type, { type Static } from "typebox";
import { Actor, ADDRESS_LENGTH } from "../../../model/activity.ts";
import { WHITE_SPACE } from "../../../model/pattern-classes.ts";

const FeedAddress = Type.Object(
  {
    address: Type.String({
      minLength: 8,
      maxLength: ADDRESS_LENGTH,
      description: "Address of a feed, or of a page that names one; `feed:` addresses too.",
      pattern: `^([Hh][Tt][Tt][Pp][Ss]?|[Ff][Ee][Ee][Dd]):[^${WHITE_SPACE}]+$`,
    }),
    name: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);
const dateTime = (description: string) => Type.Optional(Type.String({ format: "date-time", description }));

/** Default and maximum number of a feed's entries. Entries beyond the maximum are not read. */
export const DEFAULT_ENTRIES = 10;
export const MAX_ENTRIES = 500;

/** Lists the targets of a feeds activity, at least `minItems`. */
export const feedTargets = (minItems: number) => Type.Array(FeedAddress, { minItems, maxItems: 20 });

export const FetchSchema = Type.Object(
  {
    actor: Actor,
    target: feedTargets(1),
    object: Type.Object(
      {
        limit: Type.Optional(
          Type.Integer({ minimum: 1, maximum: MAX_ENTRIES, description: "Entries of each feed; default 10." }),
        ),
        after: Type.Optional(
          Type.String({ maxLength: 64, description: "Continues behind the `next` of an earlier answer; one target." }),
        ),
        since: dateTime("Only entries dated at this time or later; entries without a date are left out."),
        until: dateTime("Only entries dated at this time or earlier; entries without a date are left out."),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

export const FETCH_EXAMPLE: Static<typeof FetchSchema> = {
  actor: { address: "bob@example.com" },
  target: [{ address: "https://example.com/feed.xml" }],
  object: { limit: 10 },
};
export const FETCH_RENAMED = { "/object/before": "object.until" };
