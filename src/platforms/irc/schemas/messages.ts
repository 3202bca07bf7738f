import Type, { type Static } from "typebox";
import { toIrc } from "../../../platform/kit/rich-text/rich-text.ts";
import { markupForms, needsText } from "../../../platform/vocabulary/vocabulary.ts";
import { IrcActor, MessageTarget } from "./identifiers.ts";

/** Writer of IRC's formatting characters. */
export const IRC_TEXT = { write: toIrc };

/** No NUL and no CTCP mark. Of the control characters only line breaks, tab and IRC's formatting marks. */
const TEXT = "^[^\\u0000\\u0001\\u0005-\\u0008\\u000b\\u000c\\u000e\\u0010\\u0012-\\u0015\\u0017-\\u001c\\u007f]*$";

const MAX_TEXT = 8_192;
const textPattern = new RegExp(TEXT, "u");

/** Returns why a text in IRC's form cannot be sent. HTML can hold characters that no schema sees. */
export function textRefusal(text: string): string | undefined {
  if (text.length > MAX_TEXT) return `becomes ${text.length} characters; at most ${MAX_TEXT} are sent`;
  return textPattern.test(text) ? undefined : "has control characters, which IRC can't send";
}

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
        body: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: MAX_TEXT,
            pattern: TEXT,
            description:
              "Plain text. Each line, and each 350 bytes of a long line, is a message of its own; 20 at most.",
          }),
        ),
        ...markupForms(),
      },
      { additionalProperties: false, ...needsText(), description: "A message needs body, html or markdown." },
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
