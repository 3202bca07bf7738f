import Type, { type TSchema } from "typebox";
import { Attachment } from "../../model/activity.ts";
import { Button, ListedAttachment, Person } from "./entities.ts";

/** Property of an `object`: one meaning on every network. Platforms narrow the schema; they never rename a term. */
export interface Term {
  /** Widest schema; a platform's own accepts a subset. */
  readonly schema: TSchema;
  /** Meaning in one sentence, for docs/vocabulary.md. */
  readonly meaning: string;
}

const string = (meaning: string): Term => ({ schema: Type.String(), meaning });
const choice = (values: readonly string[], meaning: string): Term => ({ schema: Type.Enum([...values]), meaning });
const flag = (meaning: string): Term => ({ schema: Type.Boolean(), meaning });
const count = (meaning: string): Term => ({ schema: Type.Integer({ minimum: 0 }), meaning });
const time = (meaning: string): Term => ({ schema: Type.String({ format: "date-time" }), meaning });
const textOrPersons = (meaning: string): Term => ({
  schema: Type.Union([Type.String(), Person, Type.Array(Person)]),
  meaning,
});

/** Content of messages and posts. */
const content = {
  type: string("Kind of the object: `message`, `room`, `person`, `topic`, `collection` and others."),
  id: string("The network's id of the message or post; every verb on it takes this id."),
  body: string("Text, plain."),
  html: string("The same text as HTML; converted to what the network has, where `capabilities` lists it."),
  markdown: string(
    "The same text as Markdown (CommonMark); input only, converted to what the network has, where `capabilities` lists it.",
  ),
  subject: string("Subject line."),
  title: string("Title of an entry or post."),
  summary: string("Summary or self-description, plain text."),
  attachments: {
    schema: Type.Array(Type.Union([Attachment, ListedAttachment, Type.String()])),
    meaning: "Files; posted with `content` or `url`. In `fetch`: ids or part numbers of the attachments to read.",
  },
  inReplyTo: string("Id of the message or post that this answers."),
  quotes: string("Id of the message or post that this quotes."),
  references: { schema: Type.Array(Type.String()), meaning: "Message-IDs of the thread so far, oldest first." },
  url: string("Page that the object is about, or where it is shown."),
  language: string("Language of the text (BCP 47)."),
  tags: { schema: Type.Array(Type.String()), meaning: "Keywords." },
  visibility: choice(["public", "unlisted", "followers", "direct"], "Readers of a post."),
  warning: string("Content warning shown before the text."),
  buttons: { schema: Type.Array(Button), meaning: "Buttons under the message." },
  value: string("Value of the button that was pressed."),
  json: { schema: Type.Unknown(), meaning: "JSON value to send as it is." },
  mediaType: string("Media type of `body`; default text/plain."),
  parts: {
    schema: Type.Array(
      Type.Object(
        { body: Type.Optional(Type.String()), id: Type.Optional(Type.String()) },
        { additionalProperties: false },
      ),
    ),
    meaning: "Messages that a long text was split into.",
  },
  location: {
    schema: Type.Object(
      { latitude: Type.Number(), longitude: Type.Number(), name: Type.Optional(Type.String()) },
      { additionalProperties: false },
    ),
    meaning: "Place on Earth, in degrees (WGS 84).",
  },
  published: time("Time of publication."),
  updated: time("Time of the last change."),
  author: { schema: Type.Partial(Person), meaning: "Author, where that is not the actor." },
  mentions: { schema: Type.Array(Person), meaning: "Persons named in the text." },
  forwardedFrom: { schema: Type.Partial(Person), meaning: "Author of a message that was passed on." },
  encrypted: flag("Whether the content is encrypted and cannot be read here."),
  bodyTruncated: flag("Whether `body` was cut."),
  htmlTruncated: flag("Whether `html` was cut or left out."),
  attachmentsTruncated: flag("Whether there are more attachments than listed."),
  truncated: flag("Whether the message was too large to be read whole."),
  proof: choice(["echo", "answer", "bouncer"], "How the network confirmed the message."),
} as const satisfies Record<string, Term>;

/** People, rooms and reactions. */
const social = {
  content: string("Reaction: an emoji or the network's own name of it, such as `like`."),
  address: string("Address of a person or room."),
  name: string("Display name."),
  nick: string("Name to use in the room."),
  image: string("Address of a picture."),
  password: string("Password of a room."),
  reason: string("Reason in words."),
  cause: choice(
    ["left", "kicked", "banned", "removed", "quit", "destroyed", "shutdown", "refused"],
    "Cause of an inbound `leave`.",
  ),
  by: { schema: Type.Partial(Person), meaning: "Person who did it to the actor." },
  role: string("Role of a person in a room."),
  topic: string("Topic of a room, in lists of rooms."),
  members: count("Number of members of a room."),
  relation: string("Relation of a person to the account."),
  presence: { schema: Type.Object({}, { additionalProperties: true }), meaning: "Presence of a person." },
  show: choice(["online", "chat", "away", "xa", "dnd", "offline"], "Availability."),
  status: string("Availability in words."),
  state: choice(["composing", "paused"], "Whether a message is being written."),
} as const satisfies Record<string, Term>;

/** Questions and lists. */
const lists = {
  items: { schema: Type.Array(Type.Unknown()), meaning: "Items of a collection." },
  total: count("Number of all items."),
  next: string("Value of `after` for the following page."),
  previous: string("Value of `before` for the preceding page."),
  limit: count("Number of items wanted."),
  after: string("Position behind which to go on: `next` of the page before."),
  before: string("Position before which to go on: `previous` of the page before."),
  since: time("Only what is not older."),
  until: time("Only what is not newer."),
  match: string("Pattern of names, with `*`."),
  query: string("Words to search for."),
  text: string("Words to search for in any field."),
} as const satisfies Record<string, Term>;

/** Mailboxes with folders. */
const mailbox = {
  from: textOrPersons("Sender."),
  to: textOrPersons("Recipients."),
  cc: textOrPersons("Recipients of copies."),
  replyTo: textOrPersons("Where answers go."),
  headers: { schema: Type.Record(Type.String(), Type.String()), meaning: "Further header fields." },
  dsn: flag("Whether to ask for delivery reports (RFC 3461)."),
  folder: string("Folder of a mailbox; default INBOX."),
  destination: string("Folder to move to."),
  uid: {
    schema: Type.Union([Type.Integer({ minimum: 1 }), Type.Array(Type.Integer({ minimum: 1 }))]),
    meaning: "Number of a mail in its folder, or several.",
  },
  uidValidity: string("Generation of the folder's numbers."),
  raw: flag("Whether to read a mail as it is (RFC 5322), as an attachment."),
  offset: count("First byte to read of an attachment."),
  seen: flag("Whether it was read."),
  unseen: flag("Whether it was not read."),
  flagged: flag("Whether it is marked as important."),
  answered: flag("Whether it was answered."),
  larger: count("Only mails of more bytes."),
  size: count("Bytes."),
  permanent: flag("Whether to delete for good, without the trash folder."),
  flags: { schema: Type.Array(Type.String()), meaning: "Marks of a mail." },
} as const satisfies Record<string, Term>;

/** Facts about the activity's own course. */
const course = {
  error: { schema: Type.Object({}, { additionalProperties: true }), meaning: "Error: code, detail, retryable." },
} as const satisfies Record<string, Term>;

/** All terms by name. */
export const TERMS = { ...content, ...social, ...lists, ...mailbox, ...course } as const satisfies Record<string, Term>;
export type TermName = keyof typeof TERMS;

/** Groups of terms in the order of docs/vocabulary.md. */
export const TERM_GROUPS: Readonly<Record<string, readonly TermName[]>> = {
  "Messages and posts": Object.keys(content) as TermName[],
  "People and rooms": Object.keys(social) as TermName[],
  "Questions and lists": Object.keys(lists) as TermName[],
  Mailboxes: Object.keys(mailbox) as TermName[],
  Outcomes: Object.keys(course) as TermName[],
};

/** Tells whether a name is a term. */
export function isTerm(name: string): name is TermName {
  return Object.hasOwn(TERMS, name);
}
