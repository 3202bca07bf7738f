import Type, { type Static } from "typebox";
import { toStyling } from "../../../platform/kit/rich-text/rich-text.ts";
import { markupForms, needsText } from "../../../platform/vocabulary/vocabulary.ts";
import { TEXT } from "../client/jid.ts";
import {
  ACTOR_EXAMPLE,
  AnyTarget,
  ID_EXAMPLE,
  MessageId,
  PERSON_EXAMPLE,
  STRICT,
  text,
  verbSchema,
  XmppActor,
} from "./common.ts";

/** Text of a message, in UTF-16 units. Escaped and in UTF-8, the longest still fits the servers' stanza limits. */
const MAX_TEXT = 32_768;
const textForms = { body: Type.Optional(text(MAX_TEXT, { minLength: 1 })), ...markupForms() };
const textPattern = new RegExp(TEXT, "u");

/** Writer of Message Styling (XEP-0393). */
export const XMPP_TEXT = { write: toStyling };

/** Returns why a text in Message Styling cannot be sent. HTML can hold characters that no schema sees. */
export function textRefusal(styled: string): string | undefined {
  if (styled.length > MAX_TEXT) return `becomes ${styled.length} characters; at most ${MAX_TEXT} are sent`;
  return textPattern.test(styled) ? undefined : "has control characters, which XML can't carry";
}

/** Attachment by its address (XEP-0066), which receivers download, or by content, which is uploaded (XEP-0363). */
const File = Type.Object(
  {
    name: Type.Optional(text(255, { minLength: 1 })),
    mediaType: Type.Optional(Type.String({ maxLength: 127, pattern: "^[a-z0-9.+-]+/[A-Za-z0-9.+-]+$" })),
    url: Type.Optional(Type.String({ format: "uri", maxLength: 2_048, pattern: "^https?://[!-~]+$" })),
    content: Type.Optional(
      Type.String({ description: "The bytes as base64; uploaded to the account's server.", format: "byte" }),
    ),
  },
  STRICT,
);

export const SendSchema = verbSchema(
  AnyTarget,
  50,
  Type.Object(
    {
      type: Type.Optional(Type.Literal("message")),
      ...textForms,
      attachments: Type.Optional(
        Type.Array(File, { minItems: 1, maxItems: 1, description: "One file: by url or by content." }),
      ),
      subject: Type.Optional(text(1_024)),
      inReplyTo: Type.Optional(MessageId),
    },
    { ...STRICT, ...needsText("attachments"), description: "A message needs a text or an attachment." },
  ),
);
export type PostedFile = Static<typeof File>;
export const SEND_EXAMPLE: Static<typeof SendSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { body: "Hello World!" },
};

const Correction = Type.Object(
  {
    type: Type.Optional(Type.Literal("message")),
    id: MessageId,
    ...textForms,
  },
  STRICT,
);
const Presence = Type.Object(
  {
    type: Type.Literal("presence"),
    show: Type.Optional(Type.Enum(["online", "chat", "away", "xa", "dnd", "offline"])),
    status: Type.Optional(text(1_024)),
  },
  STRICT,
);
const Topic = Type.Object({ type: Type.Literal("topic"), body: text(1_024) }, STRICT);
export const UpdateSchema = Type.Object(
  {
    actor: XmppActor,
    target: Type.Optional(Type.Array(AnyTarget, { maxItems: 50, description: "Absent for the own presence." })),
    object: Type.Union([Presence, Topic, Correction]),
  },
  STRICT,
);
export const UPDATE_EXAMPLE: Static<typeof UpdateSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { id: ID_EXAMPLE, body: "Hello, World!" },
};

export const DeleteSchema = verbSchema(
  AnyTarget,
  50,
  Type.Object({ type: Type.Optional(Type.Literal("message")), id: MessageId }, STRICT),
);
export const DELETE_EXAMPLE: Static<typeof DeleteSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { id: ID_EXAMPLE },
};

const Reaction = text(64, { minLength: 1, description: "Reaction: an emoji." });
const ReactionType = Type.Optional(Type.Literal("reaction"));

export const ReactSchema = verbSchema(
  AnyTarget,
  1,
  Type.Object({ type: ReactionType, id: MessageId, content: Reaction }, STRICT),
);
export const REACT_EXAMPLE: Static<typeof ReactSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { id: ID_EXAMPLE, content: "👍" },
};

export const UnreactSchema = verbSchema(
  AnyTarget,
  1,
  Type.Object({ type: ReactionType, id: MessageId, content: Type.Optional(Reaction) }, STRICT),
);
export const UNREACT_EXAMPLE: Static<typeof UnreactSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { id: ID_EXAMPLE, content: "👍" },
};

export const TypingSchema = verbSchema(
  AnyTarget,
  1,
  Type.Optional(
    Type.Object(
      {
        state: Type.Optional(Type.Enum(["composing", "paused"], { description: "Default composing." })),
      },
      STRICT,
    ),
  ),
);
export const TYPING_EXAMPLE: Static<typeof TypingSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { state: "composing" },
};

export const ReadSchema = verbSchema(AnyTarget, 1, Type.Object({ id: MessageId }, STRICT));
export const READ_EXAMPLE: Static<typeof ReadSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { id: ID_EXAMPLE },
};
