import Type, { type Static } from "typebox";
import { ADDRESS_LENGTH, Attachment } from "../../../model/activity.ts";
import { ADDRESS_PATTERN } from "./address.ts";

/** Pattern of a header field's text. No control characters (CR, LF, NUL … would start another field). */
const LINE = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$";
const MESSAGE_ID = "^<?[A-Za-z0-9!#$%&'*+/=?^_`{|}~.:-]+@[A-Za-z0-9!#$%&'*+/=?^_`{|}~.:\\[\\]-]+>?$";
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
export const MessageId = Type.String({ maxLength: 250, pattern: MESSAGE_ID });
const Text = Type.String({ maxLength: 1_048_576, pattern: "^[^\\u0000]*$" });

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
    body: Type.Optional({ ...Text, description: "Plain text." }),
    html: Type.Optional({ ...Text, description: "The same as HTML; images by `cid:` and an attachment's id." }),
    attachments: Type.Optional(Type.Array(Attachment, { minItems: 1, maxItems: 50 })),
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
    anyOf: [{ required: ["body"] }, { required: ["html"] }, { required: ["attachments"] }],
    description: "A message needs at least one of body, html and attachments.",
  },
);

/** Schema of `send`. */
export const SendSchema = Type.Object(
  {
    actor: Type.Object({ address: MailAddress, name: Name }, { additionalProperties: false }),
    target: Type.Array(Recipient, { minItems: 1, maxItems: 100 }),
    object: Message,
    context: Type.Optional(Type.String({ maxLength: 256 })),
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
