import Type, { type Static } from "typebox";
import { Actor, ADDRESS_LENGTH } from "../../../model/activity.ts";

/** Default number of feeds in one answer. */
export const DEFAULT_FEEDS = 200;

export const QuerySchema = Type.Object(
  {
    actor: Actor,
    target: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: false }), { maxItems: 0 })),
    object: Type.Object(
      {
        type: Type.Optional(
          Type.Enum(["subscriptions", "opml"], {
            description: "`subscriptions` (default): the feeds with their status; `opml`: the same as a document.",
          }),
        ),
        limit: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 500, description: "Maximum number of feeds; default 200." }),
        ),
        after: Type.Optional(
          Type.String({
            maxLength: ADDRESS_LENGTH,
            description: "Continues behind this address: the `next` of the answer before.",
          }),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export const QUERY_EXAMPLE: Static<typeof QuerySchema> = { actor: { address: "bob@example.com" }, object: {} };
export const QUERY_RENAMED = { "/object/format": "object.type" };
