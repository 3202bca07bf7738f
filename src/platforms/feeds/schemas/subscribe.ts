import Type, { type Static } from "typebox";
import { Actor, ADDRESS_LENGTH, Attachment } from "../../../model/activity.ts";
import { FetchShape } from "./fetch.ts";

const targets = (minItems: number) => Type.Array(FetchShape.properties.target.items, { minItems, maxItems: 20 });
const context = Type.Optional(Type.String({ maxLength: 256 }));
/** Characters of an OPML text; longer ones come as an attachment. */
const OPML_CHARACTERS = 60_000;

export const SubscribeShape = Type.Object(
  {
    actor: Actor,
    target: Type.Optional(targets(0)),
    object: Type.Object(
      {
        opml: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: OPML_CHARACTERS,
            description: "An OPML document of feeds to follow.",
          }),
        ),
        attachments: Type.Optional(Type.Array(Attachment, { maxItems: 1, description: "A longer OPML document." })),
      },
      { additionalProperties: false },
    ),
    context,
  },
  { additionalProperties: false },
);
export const SUBSCRIBE_EXAMPLE: Static<typeof SubscribeShape> = {
  actor: { address: "bob@example.com" },
  target: [{ address: "https://example.com/blog/" }],
  object: {},
};

export const UnsubscribeShape = Type.Object(
  {
    actor: Actor,
    target: targets(1),
    object: Type.Object({}, { additionalProperties: false }),
    context,
  },
  { additionalProperties: false },
);
export const UNSUBSCRIBE_EXAMPLE: Static<typeof UnsubscribeShape> = SUBSCRIBE_EXAMPLE as Static<
  typeof UnsubscribeShape
>;

export const QueryShape = Type.Object(
  {
    actor: Actor,
    target: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: false }), { maxItems: 0 })),
    object: Type.Object(
      {
        format: Type.Optional(
          Type.Union([Type.Literal("list"), Type.Literal("opml")], {
            description: "Default `list`: with how each feed stands.",
          }),
        ),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: "Feeds at most; default 200." })),
        after: Type.Optional(
          Type.String({
            maxLength: ADDRESS_LENGTH,
            description: "Goes on behind this address: the `next` of the answer before.",
          }),
        ),
      },
      { additionalProperties: false },
    ),
    context,
  },
  { additionalProperties: false },
);
export type QueryObject = Static<typeof QueryShape>["object"];
export const QUERY_EXAMPLE: Static<typeof QueryShape> = { actor: { address: "bob@example.com" }, object: {} };
