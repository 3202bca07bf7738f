import Type, { type Static } from "typebox";
import { IrcActor, MessageTarget } from "./identifiers.ts";

/** No NUL and no CTCP mark. Of the control characters only line breaks, tab and IRC's formatting marks. */
const TEXT = "^[^\\u0000\\u0001\\u0005-\\u0008\\u000b\\u000c\\u000e\\u0010\\u0012-\\u0015\\u0017-\\u001c\\u007f]*$";

export const SendSchema = Type.Object(
  {
    actor: IrcActor,
    target: Type.Array(MessageTarget, { minItems: 1, maxItems: 10 }),
    object: Type.Object(
      {
        type: Type.Optional(
          Type.Enum(["message", "action", "notice"], {
            description: "Kind; default message. action is /me; machines never answer a notice.",
          }),
        ),
        body: Type.String({
          minLength: 1,
          maxLength: 8_192,
          pattern: TEXT,
          description: "Plain text. Each line, and each 350 bytes of a long line, is a message of its own; 20 at most.",
        }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type MessageObject = Static<typeof SendSchema>["object"];

export const SEND_EXAMPLE: Static<typeof SendSchema> = {
  actor: { address: "bob@irc.example.net" },
  target: [{ address: "#lobby" }],
  object: { body: "Hello World!" },
};
