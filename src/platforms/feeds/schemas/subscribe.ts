import Type, { type Static } from "typebox";
import { Actor, Attachment } from "../../../model/activity.ts";
import { feedTargets } from "./fetch.ts";

export const SubscribeSchema = Type.Object(
  {
    actor: Actor,
    target: Type.Optional(feedTargets(0)),
    object: Type.Object(
      {
        attachments: Type.Optional(
          Type.Array(Attachment, { maxItems: 1, description: "An OPML document of feeds to follow." }),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export const SUBSCRIBE_EXAMPLE: Static<typeof SubscribeSchema> = {
  actor: { address: "bob@example.com" },
  target: [{ address: "https://example.com/blog/" }],
  object: {},
};
export const SUBSCRIBE_RENAMED = { "/object/opml": "object.attachments" };

export const UnsubscribeSchema = Type.Object(
  {
    actor: Actor,
    target: feedTargets(1),
    object: Type.Object({}, { additionalProperties: false }),
  },
  { additionalProperties: false },
);
export const UNSUBSCRIBE_EXAMPLE: Static<typeof UnsubscribeSchema> = {
  actor: { address: "bob@example.com" },
  target: [{ address: "https://example.com/blog/" }],
  object: {},
};
