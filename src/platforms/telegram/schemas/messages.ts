import Type, { type Static, type TSchema } from "typebox";
import { Attachment } from "../../../model/activity.ts";
import { Button } from "../../../platform/vocabulary/entities.ts";
import { BotActor, Chat, MessageId } from "./addresses.ts";

const STRICT = { additionalProperties: false } as const;
/** Longest text of one message; longer ones are split. */
export const MAX_TEXT = 4_096;
/** Longest caption of a file. */
export const MAX_CAPTION = 1_024;
const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 32_768, description }));

/** Schema of a verb with chats as targets. */
export function chatVerb<Content extends TSchema>(maxTargets: number, object: Content) {
  const target = Type.Array(Chat, { minItems: 1, maxItems: maxTargets });
  return Type.Object({ actor: BotActor, target, object }, STRICT);
}

const content = {
  type: Type.Optional(Type.Literal("message")),
  body: text("Plain text."),
  html: text("The same as HTML."),
  markdown: text("The same as Markdown."),
};

export const SendSchema = chatVerb(
  20,
  Type.Object(
    {
      ...content,
      attachments: Type.Optional(Type.Array(Attachment, { minItems: 1, maxItems: 10 })),
      inReplyTo: Type.Optional(MessageId),
      buttons: Type.Optional(Type.Array(Button, { minItems: 1, maxItems: 20 })),
      location: Type.Optional(
        Type.Object(
          {
            latitude: Type.Number({ minimum: -90, maximum: 90 }),
            longitude: Type.Number({ minimum: -180, maximum: 180 }),
            name: Type.Optional(Type.String({ maxLength: 256 })),
          },
          STRICT,
        ),
      ),
    },
    {
      ...STRICT,
      anyOf: ["body", "html", "markdown", "attachments", "location"].map((name) => ({ required: [name] })),
      description: "A message needs a text, an attachment or a location.",
    },
  ),
);
export const SEND_EXAMPLE: Static<typeof SendSchema> = {
  actor: { address: "@example_bot" },
  target: [{ address: "123456789" }],
  object: { body: "Hello World!" },
};

/** New content of a message. `validate` requires a text, which may be in one of three forms. */
const Message = Type.Object({ ...content, id: MessageId }, STRICT);
const Topic = Type.Object(
  { type: Type.Literal("topic"), body: Type.String({ maxLength: 255, description: "Description of the group." }) },
  STRICT,
);
const Title = Type.Object(
  {
    type: Type.Literal("room"),
    name: Type.String({ minLength: 1, maxLength: 128, description: "Title of the group." }),
  },
  STRICT,
);
export const UpdateSchema = chatVerb(1, Type.Union([Topic, Title, Message]));
export const UPDATE_EXAMPLE: Static<typeof UpdateSchema> = {
  actor: { address: "@example_bot" },
  target: [{ address: "123456789" }],
  object: { id: "42", body: "Hello, World!" },
};

const OneMessage = { type: Type.Optional(Type.Literal("message")), id: MessageId };
export const DeleteSchema = chatVerb(1, Type.Object(OneMessage, STRICT));
export const DELETE_EXAMPLE: Static<typeof DeleteSchema> = {
  actor: { address: "@example_bot" },
  target: [{ address: "123456789" }],
  object: { id: "42" },
};

const Content = Type.String({ minLength: 1, maxLength: 64, description: "An emoji that Telegram allows as reaction." });
const Reaction = { type: Type.Optional(Type.Literal("reaction")), id: MessageId };
export const ReactSchema = chatVerb(1, Type.Object({ ...Reaction, content: Content }, STRICT));
export const REACT_EXAMPLE: Static<typeof ReactSchema> = {
  actor: { address: "@example_bot" },
  target: [{ address: "123456789" }],
  object: { id: "42", content: "👍" },
};
export const UnreactSchema = chatVerb(1, Type.Object({ ...Reaction, content: Type.Optional(Content) }, STRICT));
export const UNREACT_EXAMPLE: Static<typeof UnreactSchema> = {
  actor: { address: "@example_bot" },
  target: [{ address: "123456789" }],
  object: { id: "42" },
};

export const TypingSchema = chatVerb(
  1,
  Type.Optional(
    Type.Object(
      { state: Type.Optional(Type.Enum(["composing", "paused"], { description: "Default composing." })) },
      STRICT,
    ),
  ),
);
export const TYPING_EXAMPLE: Static<typeof TypingSchema> = {
  actor: { address: "@example_bot" },
  target: [{ address: "123456789" }],
  object: { state: "composing" },
};
