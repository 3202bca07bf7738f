import Type, { type Static, type TSchema } from "typebox";
import { ADDRESS_LENGTH } from "../../../model/activity.ts";

const STRICT = { additionalProperties: false } as const;
const NAME = Type.Optional(Type.String({ maxLength: 256 }));
const CONTEXT = Type.Optional(Type.String({ maxLength: 256 }));

/** Ids of Pages and of people as a Page sees them (PSID). */
export const ID_PATTERN = "^[0-9]{1,32}$";
/** Ids of posts and comments. */
const OBJECT_PATTERN = "^[0-9]{1,32}(_[0-9]{1,32}){0,2}$";

/** The address of an account: its Page's id. */
export const PageId = Type.String({ maxLength: 32, pattern: ID_PATTERN, description: "The Page's id." });
const Page = Type.Object({ address: PageId, name: NAME }, STRICT);
/** Anybody at all: who can't act or be reached is refused with a sentence that says why, see refuse.ts. */
const anybody = (description: string) =>
  Type.Object({ address: Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH, description }), name: NAME }, STRICT);
const ACTING = anybody("The Page's id: Facebook lets Pages send through apps, not people.");
const Person = anybody(
  "The page-scoped id (PSID) of somebody who wrote to the Page: `actor.address` of what they wrote.",
);

const place = (pattern: string, description: string, maxLength = 128) =>
  Type.Object({ address: Type.String({ minLength: 1, maxLength, pattern, description }), name: NAME }, STRICT);
const Thing = place(OBJECT_PATTERN, "A post's or comment's id.");
const several = <Item extends TSchema>(item: Item, maxItems: number) => Type.Array(item, { minItems: 1, maxItems });
const shape = <Target extends TSchema, Content extends TSchema, By extends TSchema>(
  actor: By,
  target: Target,
  object: Content,
) => Type.Object({ actor, target, object, context: CONTEXT }, STRICT);
const Nothing = Type.Object({ type: Type.Optional(Type.String({ maxLength: 32 })) }, STRICT);

const text = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: "\\S",
    description: "Plain text; at least one character that is seen.",
  });
const Mid = Type.String({ minLength: 1, maxLength: 256, pattern: "^[A-Za-z0-9._$:=-]+$" });
const Linked = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    mediaType: Type.Optional(Type.String({ maxLength: 127, pattern: "^[a-z0-9.+-]+/[A-Za-z0-9.+-]+$" })),
    url: Type.String({
      format: "uri",
      maxLength: 2048,
      pattern: "^https?://",
      description: "Facebook fetches it itself.",
    }),
  },
  STRICT,
);
export type Linked = Static<typeof Linked>;
const attachments = (description: string) =>
  Type.Optional(Type.Array(Linked, { minItems: 1, maxItems: 1, description }));

const MessageObject = Type.Object(
  {
    type: Type.Optional(Type.Literal("message")),
    body: Type.Optional(text(2_000)),
    attachments: attachments("One, by url, instead of a body: Facebook's messages hold either."),
    inReplyTo: Type.Optional({ ...Mid, description: "The message that this answers, by its id." }),
    tag: Type.Optional(
      Type.Literal("HUMAN_AGENT", {
        description: "A human answers, up to 7 days after the person wrote; the Meta app needs the feature.",
      }),
    ),
    quickReplies: Type.Optional(
      Type.Array(
        Type.Object(
          { title: text(20), payload: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })) },
          STRICT,
        ),
        {
          minItems: 1,
          maxItems: 13,
          description: "Buttons under the message; the payload comes back with the answer.",
        },
      ),
    ),
  },
  {
    ...STRICT,
    oneOf: [{ required: ["body"] }, { required: ["attachments"] }],
    description: "A message has a body or an attachment.",
  },
);
export type MessageObject = Static<typeof MessageObject>;
export const SendShape = shape(ACTING, several(Person, 20), MessageObject);

const TypingObject = Type.Object(
  { state: Type.Optional(Type.Enum(["composing", "paused"], { description: "Default composing." })) },
  STRICT,
);
export type TypingObject = Static<typeof TypingObject>;
export const TypingShape = shape(ACTING, several(Person, 1), TypingObject);
export const ReadShape = shape(
  ACTING,
  several(Person, 1),
  Type.Object({ id: Type.Optional({ ...Mid, description: "Facebook marks all up to now, whichever it is." }) }, STRICT),
);

const PostObject = Type.Object(
  {
    type: Type.Optional(Type.Literal("message")),
    body: Type.Optional(text(63_206)),
    link: Type.Optional(Type.String({ format: "uri", maxLength: 2048, pattern: "^https?://" })),
    attachments: attachments("A photo, by url; the body becomes its caption."),
  },
  {
    ...STRICT,
    anyOf: [{ required: ["body"] }, { required: ["link"] }, { required: ["attachments"] }],
    description: "A post needs a body, a link or a photo.",
  },
);
export type PostObject = Static<typeof PostObject>;
/** `post`: its target may be left out, or is `public`, since a post goes to everybody. */
export const PostShape = shape(
  Page,
  Type.Array(place("^public$", "`public`: a post goes to everybody."), { maxItems: 1 }),
  PostObject,
);

const ReplyObject = Type.Object(
  {
    type: Type.Optional(Type.Literal("message")),
    body: Type.Optional(text(8_000)),
    attachments: attachments("A picture, by url."),
  },
  { ...STRICT, anyOf: [{ required: ["body"] }, { required: ["attachments"] }] },
);
export type ReplyObject = Static<typeof ReplyObject>;
export const ReplyShape = shape(Page, several(Thing, 20), ReplyObject);
const UpdateObject = Type.Object({ type: Type.Optional(Type.Literal("message")), body: text(63_206) }, STRICT);
export type UpdateObject = Static<typeof UpdateObject>;
export const UpdateShape = shape(Page, several(Thing, 1), UpdateObject);
export const ThingsShape = shape(Page, several(Thing, 20), Nothing);
export const ReactShape = shape(
  Page,
  several(Thing, 20),
  Type.Object(
    {
      type: Type.Optional(Type.Literal("reaction")),
      content: Type.Optional(Type.Literal("like", { description: "A Page can like, nothing else, by the API." })),
    },
    STRICT,
  ),
);

const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 100, description: "Items of each target; default 10." }),
);
const FetchObject = Type.Object(
  {
    limit,
    after: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1_024,
        pattern: "^[\\u0021-\\u007e]+$",
        description: "`next` of the page before.",
      }),
    ),
  },
  STRICT,
);
export type FetchObject = Static<typeof FetchObject>;
export const FetchShape = shape(
  Page,
  several(
    place(
      "^(feed|conversations|t_[0-9A-Za-z_-]{1,64}|[0-9]{1,32}_[0-9]{1,32})$",
      "`feed`: the Page's posts; `conversations`: the newest messages; `t_…`: one conversation; a post's id: its comments.",
    ),
    10,
  ),
  FetchObject,
);
export const SearchShape = shape(
  Page,
  several(place("^[^\\u0000-\\u001f\\u007f]*\\S[^\\u0000-\\u001f\\u007f]*$", "What to look for among Pages.", 256), 10),
  Type.Object({ limit }, STRICT),
);
export const QueryShape = shape(
  Page,
  several(
    place("^(me|limits|[0-9]{1,32})$", "`me`: the Page; `limits`: how much it has used up; a PSID: who that is."),
    10,
  ),
  Nothing,
);
export const SubscribeShape = shape(
  Page,
  several(
    place("^(messages|feed)$", "`messages` with echoes, receipts and reactions; `feed`: posts, comments, likes."),
    2,
  ),
  Nothing,
);
