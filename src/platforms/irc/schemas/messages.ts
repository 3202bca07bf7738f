import Type, { type Static } from "typebox";
import { IrcActor, RoomOrNick } from "./identifiers.ts";

/** No NUL and no CTCP mark; of the control characters only line breaks, tab and IRC's marks for bold, colour and the like. */
const TEXT = "^[^\\u0000\\u0001\\u0005-\\u0008\\u000b\\u000c\\u000e\\u0010\\u0012-\\u0015\\u0017-\\u001c\\u007f]*$";

const Message = Type.Object(
  {
    type: Type.Optional(
      Type.Union([Type.Literal("message"), Type.Literal("action"), Type.Literal("notice")], {
        description: "How it is said; default message. action is /me; a notice is never answered by machines.",
      }),
    ),
    body: Type.String({
      minLength: 1,
      maxLength: 8_192,
      pattern: TEXT,
      description: "Plain text. Each line, and each 350 bytes of a long one, is a message of its own; 20 at most.",
    }),
  },
  { additionalProperties: false },
);

/** What `send` takes. */
export const SendShape = Type.Object(
  {
    actor: IrcActor,
    target: Type.Array(RoomOrNick, { minItems: 1, maxItems: 10 }),
    object: Message,
  },
  { additionalProperties: false },
);
export type MessageObject = Static<typeof Message>;

export const SEND_EXAMPLE: Static<typeof SendShape> = {
  actor: { address: "bob@irc.example.net" },
  target: [{ address: "#lobby" }],
  object: { body: "Hello World!" },
};
