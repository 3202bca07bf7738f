import Type, { type Static } from "typebox";
import { ADDRESS_LENGTH, Attachment } from "../../../model/activity.ts";
import { CONTROLS, FORMAT_CHARACTERS, SEPARATORS } from "../../../model/pattern-classes.ts";
import { needsText, textTerm } from "../../../platform/vocabulary/vocabulary.ts";
import { ADDRESS_PATTERN } from "./address.ts";

/** Pattern of a header field's text. No control characters (CR, LF, NUL … would start another field). */
const LINE = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$";
/** Pattern of Message-IDs, also without `@` and with quotes. An id that arrived can be answered. */
const MESSAGE_ID = `^<?[^<>${CONTROLS}${SEPARATORS}${FORMAT_CHARACTERS}\\ufffe\\uffff]+>?$`;
/** Header fields that describe a message without changing recipients or structure. */
const HEADER =
  "^([Xx]-[A-Za-z0-9-]{1,60}|List-(Id|Help|Post|Owner|Archive|Subscribe|Unsubscribe|Unsubscribe-Post)|Auto-Submitted|Feedback-ID|Importance|Organization|Precedence|Priority|Sensitivity)$";

export const MailAddress = Type.String({
  minLength: 3,
  maxLength: ADDRESS_LENGTH,
  pattern: ADDRESS_PATTERN,
  description: "An address such as foo@bar.com; the domain may be in any script.",
});
const Name = Type.Optional(Type.String({ maxLength: 256, pattern: LINE }));
const Mailbox = Type.Object({ address: MailAddress, name: Name }, { additionalProperties: false });
export const MessageId = Type.String({ minLength: 1, maxLength: 512, pattern: MESSAGE_ID });
/** Largest text in characters. */
const MAX_TEXT = 1_048_576;
const NO_NUL = "^[^\\u0000]*$";
/** Attachment of a mail; an invitation may state its method (RFC 5546). */
const MailAttachment = Type.Object(
  {
    ...Attachment.properties,
    mediaType: Type.Optional(
      Type.String({
        maxLength: 127,
        pattern: "^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; ?method=[A-Za-z-]{1,20})?$",
      }),
    ),
  },
  { additionalProperties: false },
);

/** Addresses for answers, as a single mailbox or a list. */
export const ReplyTo = Type.Union([Mailbox, Type.Array(Mailbox, { minItems: 1, maxItems: 20 })]);

const Recipient = Type.Object(
  {
    address: MailAddress,
    name: Name,
    field: Type.Optional(
      Type.Union([Type.Literal("to"), Type.Literal("cc"), Type.Literal("bcc")], {
        description: "Header field that lists the recipient; default to.",
      }),
    ),
  },
  { additionalProperties: false },
);

const Message = Type.Object(
  {
    type: Type.Optional(Type.Literal("message")),
    subject: Type.Optional(Type.String({ maxLength: 998, pattern: LINE })),
    body: Type.Optional(textTerm("body", MAX_TEXT, NO_NUL)),
    html: Type.Optional({
      ...textTerm("html", MAX_TEXT, NO_NUL),
      description: "The same text as HTML; images by `cid:` and an attachment's id.",
    }),
    markdown: Type.Optional({
      ...textTerm("markdown", MAX_TEXT, NO_NUL),
      description: "The same text as Markdown (CommonMark), sent as HTML and as plain text.",
    }),
    attachments: Type.Optional(Type.Array(MailAttachment, { minItems: 1, maxItems: 50 })),
    inReplyTo: Type.Optional({ ...MessageId, description: "Message-ID of the mail that this mail answers." }),
    references: Type.Optional(
      Type.Array(MessageId, { maxItems: 100, description: "Message-IDs of the thread so far, oldest first." }),
    ),
    replyTo: Type.Optional(ReplyTo),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: HEADER }), Type.String({ maxLength: 998, pattern: LINE }), {
        additionalProperties: false,
        maxProperties: 20,
        description: "X- fields, List- fields and a few others.",
      }),
    ),
    dsn: Type.Optional(
      Type.Boolean({ description: "Ask for delivery reports (RFC 3461), where the server offers them." }),
    ),
  },
  {
    additionalProperties: false,
    ...needsText("attachments"),
    description: "A message needs at least one of body, html, markdown and attachments.",
  },
);

/** Schema of `send`. */
export const SendSchema = Type.Object(
  {
    actor: Type.Object({ address: MailAddress, name: Name }, { additionalProperties: false }),
    target: Type.Array(Recipient, { minItems: 1, maxItems: 100 }),
    object: Message,
  },
  { additionalProperties: false },
);

export type MessageObject = Static<typeof Message>;
export type Mailbox = Static<typeof Mailbox>;

export const SEND_EXAMPLE: Static<typeof SendSchema> = {
  actor: { name: "Bob User", address: "bob@example.com" },
  target: [{ name: "Foo Bar", address: "foo@bar.com" }],
  object: { subject: "Hi", body: "Hello World!" },
};
