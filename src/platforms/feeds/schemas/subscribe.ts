import Type, { type Static } from "typebox";
import { Actor, Attachment } from "../../../model/activity.ts";
import { feedTargets } from "./fetch.ts";

const context = Type.Optional(Type.String({ maxLength: 256 }));
/** Characters of an OPML text; a longer one comes as an attachment. */
const MAX_OPML_LENGTH = 60_000;

export const SubscribeSchema = Type.Object(
  {
    actor: Actor,
    target: Type.Optional(feedTargets(0)),
    object: Type.Object(
      {
        opml: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: MAX_OPML_LENGTH,
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
export const SUBSCRIBE_EXAMPLE: Static<typeof SubscribeSchema> = {
  actor: { address: "bob@example.com" },
  target: [{ address: "https://example.com/blog/" }],
  object: {},
};

export const UnsubscribeSchema = Type.Object(
  {
    actor: Actor,
    target: feedTargets(1),
    object: Type.Object({}, { additionalProperties: false }),
    context,
  },
  { additionalProperties: false },
);
export const UNSUBSCRIBE_EXAMPLE: Static<typeof UnsubscribeSchema> = {
  actor: { address: "bob@example.com" },
  target: [{ address: "https://example.com/blog/" }],
  object: {},
};
