import Type, { type Static } from "typebox";
import { Attachment } from "../../../model/activity.ts";
import { markupForms, needsText } from "../../../platform/vocabulary/vocabulary.ts";
import { CONVERSATION_PATTERN, PERSON_PATTERN } from "./address.ts";
import { address, anyOfPatterns, Message, STRICT, targets, text, verbSchema } from "./common.ts";

/** Largest text of a message in characters. */
export const MAX_MESSAGE = 10_000;

const MessageObject = Type.Object(
  {
    type: Message,
    body: Type.Optional(text(MAX_MESSAGE)),
    ...markupForms(),
    attachments: Type.Optional(Type.Array(Attachment, { minItems: 1, maxItems: 1 })),
  },
  {
    ...STRICT,
    ...needsText("attachments"),
    description: "A message needs a text, an attachment, or both.",
  },
);
export type MessageObject = Static<typeof MessageObject>;

const RECIPIENT = "A name such as @alice, an id, or `conversation:` with a conversation's id.";

/** Schema of `send`. */
export const SendSchema = verbSchema(
  targets(address(anyOfPatterns(PERSON_PATTERN, CONVERSATION_PATTERN), RECIPIENT), 20),
  MessageObject,
);
