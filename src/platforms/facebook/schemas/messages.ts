import Type from "typebox";
import { markupForms, needsText } from "../../../platform/vocabulary/vocabulary.ts";
import { attachment, Message, Recipient, Sender, STRICT, targets, text, verbSchema } from "./common.ts";

const MessageId = Type.String({ minLength: 1, maxLength: 256, pattern: "^[A-Za-z0-9._$:=-]+$" });

const ReplyButton = Type.Object(
  {
    title: text(20),
    value: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1_000, description: "Comes back as `object.value`; default: the title." }),
    ),
  },
  STRICT,
);

/** Largest text of a message in characters. */
export const MAX_MESSAGE = 2_000;

const MessageObject = Type.Object(
  {
    type: Message,
    body: Type.Optional(text(MAX_MESSAGE)),
    ...markupForms(),
    attachments: attachment("One, by url, instead of a body: Facebook's messages hold either."),
    inReplyTo: Type.Optional({ ...MessageId, description: "The id of the message that this answers." }),
    buttons: Type.Optional(
      Type.Array(ReplyButton, { minItems: 1, maxItems: 13, description: "Quick replies under the message." }),
    ),
    facebook: Type.Optional(
      Type.Object(
        {
          tag: Type.Literal("HUMAN_AGENT", {
            description: "A human answers, up to 7 days after the person wrote; the Meta app needs the feature.",
          }),
        },
        STRICT,
      ),
    ),
  },
  {
    ...STRICT,
    ...needsText("attachments"),
    description: "A message has a text or an attachment.",
  },
);

/** Schema of `send`. */
export const SendSchema = verbSchema(Sender, targets(Recipient, 20), MessageObject);

/** Schema of `typing`. */
export const TypingSchema = verbSchema(
  Sender,
  targets(Recipient, 1),
  Type.Object(
    { state: Type.Optional(Type.Enum(["composing", "paused"], { description: "Default composing." })) },
    STRICT,
  ),
);

/** Schema of `read`. */
export const ReadSchema = verbSchema(
  Sender,
  targets(Recipient, 1),
  Type.Object(
    { id: Type.Optional({ ...MessageId, description: "Facebook marks all messages up to now, whatever the id." }) },
    STRICT,
  ),
);
