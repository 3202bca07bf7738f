import Type, { type Static } from "typebox";
import { Actor } from "../../../model/activity.ts";
import { WHITE_SPACE } from "../../../model/pattern-classes.ts";
import { markupForms } from "../../../platform/vocabulary/text-term.ts";

const Receiver = Type.Object(
  {
    address: Type.String({
      minLength: 8,
      maxLength: 2_048,
      pattern: `^[Hh][Tt][Tt][Pp][Ss]?://[^#${WHITE_SPACE}]+$`,
      description: "Where to POST: an http or https address. Redirects are not followed.",
    }),
    name: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);

/** Activity of `send`: one post to each target. */
export const SendSchema = Type.Object(
  {
    actor: Actor,
    target: Type.Array(Receiver, { minItems: 1, maxItems: 10 }),
    object: Type.Object(
      {
        json: Type.Optional(Type.Unknown({ description: "Sent as application/json." })),
        body: Type.Optional(Type.String({ maxLength: 65_536, description: "Sent unchanged, instead of json." })),
        ...markupForms(),
        mediaType: Type.Optional(
          Type.String({
            maxLength: 127,
            pattern: "^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; ?charset=[A-Za-z0-9-]+)?$",
            description: "Of body; text/plain in UTF-8 by default.",
          }),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

export const SEND_EXAMPLE: Static<typeof SendSchema> = {
  actor: { address: "shop" },
  target: [{ address: "https://example.org/hook" }],
  object: { json: { order: 4711, paid: true } },
};
