import Type, { type Static, type TSchema } from "typebox";
import { Attachment } from "../../../model/activity.ts";
import { CONVERSATION_PATTERN, PERSON_PATTERN, POST_PATTERN } from "./address.ts";

const NAME = Type.Optional(Type.String({ maxLength: 256 }));
const either = (...patterns: readonly string[]) => patterns.map((one) => `(?:${one})`).join("|");

const place = (pattern: string, description: string, maxLength = 256) =>
  Type.Object(
    { address: Type.String({ minLength: 1, maxLength, pattern, description }), name: NAME },
    { additionalProperties: false },
  );

/** An account of ours at X, by its name or id, as it was stored. */
export const XActor = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      maxLength: 20,
      pattern: PERSON_PATTERN,
      description: "The account's name at X, such as @bob, written as it was stored.",
    }),
    name: NAME,
  },
  { additionalProperties: false },
);

const shape = <Target extends TSchema, Content extends TSchema>(target: Target, object: Content) =>
  Type.Object(
    { actor: XActor, target, object, context: Type.Optional(Type.String({ maxLength: 256 })) },
    { additionalProperties: false },
  );
const several = <Item extends TSchema>(item: Item, maxItems: number) => Type.Array(item, { minItems: 1, maxItems });
const Nothing = Type.Object({}, { additionalProperties: false });

const Body = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: "\\S",
    description: "Plain text; at least one character that is seen.",
  });
const PostId = Type.String({
  maxLength: 300,
  pattern: POST_PATTERN,
  description: "A post's id, or its address on x.com.",
});

const PostObject = Type.Object(
  {
    type: Type.Optional(Type.Literal("message")),
    body: Type.Optional(Body(25_000)),
    attachments: Type.Optional(Type.Array(Attachment, { minItems: 1, maxItems: 4 })),
    inReplyTo: Type.Optional({ ...PostId, description: "The post that this answers: its id or its address." }),
    quote: Type.Optional({ ...PostId, description: "The post that this quotes: its id or its address." }),
  },
  {
    additionalProperties: false,
    anyOf: [{ required: ["body"] }, { required: ["attachments"] }],
    description: "A post needs a body, an attachment, or both; by X's counting the body weighs at most 280.",
  },
);
export type PostObject = Static<typeof PostObject>;

/** `post`: its target may be left out, or is `public`, since a post goes to everybody. */
export const PostShape = shape(
  Type.Array(place("^public$", "`public`: a post goes to everybody."), { maxItems: 1 }),
  PostObject,
);

const MessageObject = Type.Object(
  {
    type: Type.Optional(Type.Literal("message")),
    body: Type.Optional(Body(10_000)),
    attachments: Type.Optional(Type.Array(Attachment, { minItems: 1, maxItems: 1 })),
  },
  {
    additionalProperties: false,
    anyOf: [{ required: ["body"] }, { required: ["attachments"] }],
    description: "A message needs a body, an attachment, or both.",
  },
);
export type MessageObject = Static<typeof MessageObject>;

const RECIPIENT = "A name such as @alice, an id, or `conversation:` with a conversation's id.";
export const SendShape = shape(
  several(place(either(PERSON_PATTERN, CONVERSATION_PATTERN), RECIPIENT), 20),
  MessageObject,
);

/** Verbs that do something with posts. */
export const PostsShape = shape(
  several(place(POST_PATTERN, "A post's id, or its address on x.com.", 300), 20),
  Nothing,
);
export const DeleteShape = shape(
  several(
    place(
      either(POST_PATTERN, "^message:[0-9]{1,19}$"),
      "A post's id or address; or `message:` with a message's id.",
      300,
    ),
    20,
  ),
  Nothing,
);
export const PeopleShape = shape(several(place(PERSON_PATTERN, "A name such as @alice, or an id."), 20), Nothing);
export const ReactShape = shape(
  several(place(POST_PATTERN, "A post's id, or its address on x.com.", 300), 20),
  Type.Object(
    {
      type: Type.Optional(Type.Literal("reaction")),
      content: Type.Optional(Type.Literal("like", { description: "X knows the like only." })),
    },
    { additionalProperties: false },
  ),
);

const id = (description: string) => Type.Optional(Type.String({ pattern: "^[0-9]{1,19}$", description }));
const FetchObject = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: "Items of each target; default 10." })),
    after: id("Only what is newer than the post or message of this id."),
    before: id("Only what is older than the post of this id; of messages: those of the newest hundred."),
  },
  { additionalProperties: false },
);
export type FetchObject = Static<typeof FetchObject>;

const FETCHED =
  "`home`, `mentions`, `messages`; `@alice` for her posts; `messages:@alice` or `conversation:ID` for a conversation of messages; `thread:ID` for a conversation of posts.";
export const FetchShape = shape(
  several(
    place(
      either(
        "^(home|mentions|messages|@[A-Za-z0-9_]{1,15}|[0-9]{1,19}|thread:[0-9]{1,19})$",
        "^messages:(@[A-Za-z0-9_]{1,15}|[0-9]{1,19})$",
        CONVERSATION_PATTERN,
      ),
      FETCHED,
    ),
    10,
  ),
  FetchObject,
);

const SearchObject = Type.Object(
  {
    type: Type.Optional(
      Type.Union([Type.Literal("post"), Type.Literal("person")], { description: "What to search for; default post." }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: "Results of each query; default 10." })),
  },
  { additionalProperties: false },
);
export type SearchObject = Static<typeof SearchObject>;
export const SearchShape = shape(
  several(place("^[^\\u0000-\\u001f\\u007f]*\\S[^\\u0000-\\u001f\\u007f]*$", "A query as X takes it.", 512), 10),
  SearchObject,
);

export const QueryShape = shape(
  several(place("^(me|limits)$", "`me`: who the account is; `limits`: X's rate limits."), 2),
  Nothing,
);

/** What can be subscribed to: fixed words, and queries of X's search. */
export const SubscribeShape = shape(
  several(
    place(
      "^(mentions|messages|search:[^\\u0000-\\u001f\\u007f]*\\S[^\\u0000-\\u001f\\u007f]*)$",
      "`mentions`, `messages`, or `search:` with a query as X's search takes it.",
      512,
    ),
    10,
  ),
  Nothing,
);
