import Type, { type Static, type TSchema } from "typebox";

const Id = Type.String({ pattern: "^[0-9]{1,19}$" });
const text = (maxLength: number) => Type.String({ maxLength });

/** A user in X's answers; properties not listed are ignored. */
export const XUser = Type.Object({
  id: Id,
  username: Type.Optional(text(50)),
  name: Type.Optional(text(500)),
  description: Type.Optional(text(5_000)),
  profile_image_url: Type.Optional(text(2_048)),
  verified: Type.Optional(Type.Boolean()),
  protected: Type.Optional(Type.Boolean()),
});
export type XUser = Static<typeof XUser>;

const Url = Type.Object({
  start: Type.Integer(),
  end: Type.Integer(),
  url: text(2_048),
  expanded_url: Type.Optional(text(8_192)),
  media_key: Type.Optional(text(100)),
});

const Entities = Type.Object({ urls: Type.Optional(Type.Union([Type.Array(Url), Type.Null()])) });
const Note = Type.Object({ text: text(100_000), entities: Type.Optional(Entities) });
const MediaKeys = Type.Object({ media_keys: Type.Optional(Type.Union([Type.Array(text(100)), Type.Null()])) });
const References = Type.Array(Type.Object({ type: text(40), id: Id }));

/** A post in X's answers. X's document says `post` where some answers and webhooks still say `tweet`; both are read. */
export const XPost = Type.Object({
  id: Id,
  text: text(100_000),
  author_id: Type.Optional(Id),
  created_at: Type.Optional(text(40)),
  conversation_id: Type.Optional(text(40)),
  lang: Type.Optional(text(40)),
  note_post: Type.Optional(Note),
  note_tweet: Type.Optional(Note),
  entities: Type.Optional(Entities),
  attachments: Type.Optional(MediaKeys),
  referenced_posts: Type.Optional(References),
  referenced_tweets: Type.Optional(References),
});
export type XPost = Static<typeof XPost>;

const Variant = Type.Object({
  bit_rate: Type.Optional(Type.Number()),
  content_type: Type.Optional(text(100)),
  url: Type.Optional(text(2_048)),
});

const XMedia = Type.Object({
  media_key: Type.Optional(text(100)),
  type: Type.Optional(text(40)),
  url: Type.Optional(text(2_048)),
  preview_image_url: Type.Optional(text(2_048)),
  alt_text: Type.Optional(text(5_000)),
  width: Type.Optional(Type.Integer({ minimum: 0 })),
  height: Type.Optional(Type.Integer({ minimum: 0 })),
  duration_ms: Type.Optional(Type.Number({ minimum: 0 })),
  variants: Type.Optional(Type.Array(Variant)),
});
export type XMedia = Static<typeof XMedia>;

export const XMessage = Type.Object({
  id: Id,
  event_type: Type.Optional(text(40)),
  text: Type.Optional(text(50_000)),
  sender_id: Type.Optional(Id),
  participant_ids: Type.Optional(Type.Array(Id)),
  dm_conversation_id: Type.Optional(text(60)),
  created_at: Type.Optional(text(40)),
  entities: Type.Optional(Entities),
  attachments: Type.Optional(MediaKeys),
});
export type XMessage = Static<typeof XMessage>;

/** Objects that an answer includes beside the data. `posts` and `tweets` are the same by two names. */
export const Includes = Type.Object({
  users: Type.Optional(Type.Array(XUser)),
  media: Type.Optional(Type.Array(XMedia)),
  posts: Type.Optional(Type.Array(XPost)),
  tweets: Type.Optional(Type.Array(XPost)),
});
export type Includes = Static<typeof Includes>;

const Meta = Type.Object({ next_token: Type.Optional(text(1_000)) });
const page = <Item extends TSchema>(items: Item) =>
  Type.Object({
    data: Type.Optional(Type.Array(items)),
    includes: Type.Optional(Includes),
    meta: Type.Optional(Meta),
  });

export const Posts = page(XPost);
export type Posts = Static<typeof Posts>;
export const Messages = page(XMessage);
export type Messages = Static<typeof Messages>;
export const Users = page(XUser);
export const OneUser = Type.Object({ data: XUser });

export const CreatedPost = Type.Object({ data: Type.Object({ id: Id }) });
export const SentMessage = Type.Object({
  data: Type.Object({ dm_event_id: text(40), dm_conversation_id: text(60) }),
});
/** Answer of a toggle (like, follow, repost), with the property that says its new state. */
export const ToggleResult = (property: string) => Type.Object({ data: Type.Object({ [property]: Type.Boolean() }) });

const Processing = Type.Object({
  state: Type.Optional(text(40)),
  check_after_secs: Type.Optional(Type.Integer()),
});
export const MediaState = Type.Object({
  data: Type.Object({ id: Id, processing_info: Type.Optional(Type.Union([Processing, Type.Null()])) }),
});
export type MediaState = Static<typeof MediaState>;
/** Rules of the filtered stream, as X lists and creates them. */
export const Rules = Type.Object({
  data: Type.Optional(
    Type.Array(Type.Object({ id: Id, value: Type.Optional(Type.String()), tag: Type.Optional(Type.String()) })),
  ),
  meta: Type.Optional(Meta),
});
export type Rules = Static<typeof Rules>;
export const Anything = Type.Unknown();

const MEDIA_FIELDS = "media_key,type,url,preview_image_url,alt_text,width,height,duration_ms,variants";
/** Query parameters of post requests that fill the schemas above. */
export const POST_FIELDS = {
  "post.fields": "id,text,created_at,conversation_id,entities,attachments,lang,note_post",
  expansions: "author_id,referenced_posts,attachments.media_keys",
  "user.fields": "id,name,username",
  "media.fields": MEDIA_FIELDS,
} as const;
/** The same of the filtered stream, which still says `tweet`. */
export const STREAM_FIELDS = {
  "tweet.fields": "id,text,author_id,created_at,conversation_id,entities,attachments,lang,note_tweet,referenced_tweets",
  expansions:
    "author_id,referenced_tweets.id,referenced_tweets.id.author_id,attachments.media_keys,referenced_tweets.id.attachments.media_keys",
  "user.fields": "id,name,username",
  "media.fields": MEDIA_FIELDS,
} as const;
export const MESSAGE_FIELDS = {
  "dm_event.fields": "id,text,event_type,created_at,dm_conversation_id,attachments,entities",
  event_types: "MessageCreate",
  expansions: "sender_id,participant_ids,attachments.media_keys",
  "user.fields": "id,name,username",
  "media.fields": MEDIA_FIELDS,
} as const;
export const USER_FIELDS = {
  "user.fields": "id,name,username,description,profile_image_url,verified,protected",
} as const;
