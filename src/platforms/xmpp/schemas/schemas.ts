import Type, { type Static, type TSchema } from "typebox";
import { ADDRESS_LENGTH } from "../../../model/activity.ts";
import { ANY_JID, BARE_JID, NICK, TEXT } from "../client/jid.ts";

const STRICT = { additionalProperties: false } as const;
const text = (maxLength: number, more: { readonly minLength?: number; readonly description?: string } = {}) =>
  Type.String({ maxLength, pattern: TEXT, ...more });

const Name = Type.Optional(text(256));
export const XmppActor = Type.Object(
  { address: Type.String({ minLength: 3, maxLength: ADDRESS_LENGTH, pattern: BARE_JID }), name: Name },
  STRICT,
);
const Anybody = Type.Object(
  { address: Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH, pattern: ANY_JID }), name: Name },
  STRICT,
);
const Bare = Type.Object(
  { address: Type.String({ minLength: 3, maxLength: ADDRESS_LENGTH, pattern: BARE_JID }), name: Name },
  STRICT,
);

const Id = text(256, { minLength: 1, description: "The message's `id`, as it arrived or as the result gave it." });
const Context = Type.Optional(
  Type.Union([Type.Literal("room"), Type.Literal("direct")], {
    description: "What the targets are. Default: room where the account is in that room, else direct.",
  }),
);
/** How long a text may be, in UTF-16 units: escaped and in UTF-8 it still fits what servers take. */
const Body = text(32_768, { minLength: 1 });

/** What a verb with targets takes. */
function shape<Target extends TSchema, Thing extends TSchema>(target: Target, most: number, object: Thing) {
  const targets = Type.Array(target, { minItems: 1, maxItems: most });
  return Type.Object({ actor: XmppActor, target: targets, object, context: Context }, STRICT);
}
const Nothing = Type.Optional(Type.Object({}, STRICT));
const actor = { address: "bob@example.com" };
const friend = [{ address: "alice@example.org" }];
const room = [{ address: "garden@rooms.example.org" }];

export const SendShape = shape(
  Anybody,
  50,
  Type.Object(
    {
      type: Type.Optional(Type.Literal("message")),
      body: Body,
      subject: Type.Optional(text(1_024)),
      inReplyTo: Type.Optional(Id),
    },
    STRICT,
  ),
);
export const SEND_EXAMPLE: Static<typeof SendShape> = { actor, target: friend, object: { body: "Hello World!" } };

export const ReplyShape = shape(
  Anybody,
  1,
  Type.Object({ type: Type.Optional(Type.Literal("message")), body: Body, inReplyTo: Id }, STRICT),
);
export const REPLY_EXAMPLE: Static<typeof ReplyShape> = {
  actor,
  target: friend,
  object: { body: "Hello back", inReplyTo: "01JD0000000000000000000000" },
};

const Correction = Type.Object(
  {
    type: Type.Optional(Type.Literal("message")),
    id: text(256, { minLength: 1, description: "The id under which it was sent: `object.id` of its result." }),
    body: Body,
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
const Topic = Type.Object({ type: Type.Literal("topic"), topic: text(1_024) }, STRICT);
export const UpdateShape = Type.Object(
  {
    actor: XmppActor,
    target: Type.Optional(Type.Array(Anybody, { maxItems: 50, description: "Absent for the own presence." })),
    object: Type.Union([Presence, Topic, Correction]),
    context: Context,
  },
  STRICT,
);
export const UPDATE_EXAMPLE: Static<typeof UpdateShape> = {
  actor,
  target: friend,
  object: { id: "01JD0000000000000000000000", body: "Hello, World!" },
};

export const DeleteShape = shape(
  Anybody,
  50,
  Type.Object({ type: Type.Optional(Type.Literal("message")), id: Id }, STRICT),
);
export const DELETE_EXAMPLE: Static<typeof DeleteShape> = {
  actor,
  target: friend,
  object: { id: "01JD0000000000000000000000" },
};

export const ReactShape = shape(
  Anybody,
  1,
  Type.Object(
    {
      type: Type.Optional(Type.Literal("reaction")),
      id: Id,
      reactions: Type.Array(text(64, { minLength: 1 }), {
        maxItems: 20,
        description: "All that stand from now on; an empty list takes them back.",
      }),
    },
    STRICT,
  ),
);
export const REACT_EXAMPLE: Static<typeof ReactShape> = {
  actor,
  target: friend,
  object: { id: "01JD0000000000000000000000", reactions: ["👍"] },
};

export const JoinShape = shape(
  Bare,
  20,
  Type.Optional(
    Type.Object(
      {
        type: Type.Optional(Type.Literal("room")),
        nick: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 128,
            pattern: NICK,
            description: "Default: the address before the @.",
          }),
        ),
        password: Type.Optional(text(1_024, { minLength: 1 })),
      },
      STRICT,
    ),
  ),
);
export const JOIN_EXAMPLE: Static<typeof JoinShape> = { actor, target: room, object: { nick: "bob" } };
export const LeaveShape = shape(Bare, 20, Nothing);
export const LEAVE_EXAMPLE: Static<typeof LeaveShape> = { actor, target: room };

export const AskFriendShape = shape(Bare, 20, Type.Optional(Type.Object({ body: Type.Optional(text(1_024)) }, STRICT)));
export const ASK_FRIEND_EXAMPLE: Static<typeof AskFriendShape> = {
  actor,
  target: friend,
  object: { body: "It is me, Bob" },
};
export const FriendShape = shape(Bare, 20, Nothing);
export const FRIEND_EXAMPLE: Static<typeof FriendShape> = { actor, target: friend };

export const QueryShape = Type.Object(
  {
    actor: XmppActor,
    target: Type.Optional(
      Type.Array(Anybody, { maxItems: 20, description: "Rooms; for rooms their services; none for the roster." }),
    ),
    object: Type.Object(
      {
        type: Type.Enum(["roster", "rooms", "attendance", "room-info"]),
      },
      STRICT,
    ),
  },
  STRICT,
);
export const QUERY_EXAMPLE: Static<typeof QueryShape> = { actor, target: room, object: { type: "attendance" } };

export const FetchShape = Type.Object(
  {
    actor: XmppActor,
    target: Type.Optional(
      Type.Array(Anybody, { maxItems: 1, description: "With whom, or the room. Absent: all direct conversations." }),
    ),
    object: Type.Optional(
      Type.Object(
        {
          since: Type.Optional(Type.String({ format: "date-time", maxLength: 64 })),
          until: Type.Optional(Type.String({ format: "date-time", maxLength: 64 })),
          before: Type.Optional(text(256, { description: "`first` of an earlier page: what came before it." })),
          after: Type.Optional(text(256, { description: "`last` of an earlier page: what came after it." })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: "Default 50." })),
        },
        STRICT,
      ),
    ),
    context: Context,
  },
  STRICT,
);
export const FETCH_EXAMPLE: Static<typeof FetchShape> = { actor, target: friend, object: { limit: 20 } };

export const TypingShape = shape(
  Anybody,
  1,
  Type.Optional(
    Type.Object(
      {
        state: Type.Optional(
          Type.Enum(["composing", "paused", "active", "inactive", "gone"], {
            description: "Default composing.",
          }),
        ),
      },
      STRICT,
    ),
  ),
);
export const TYPING_EXAMPLE: Static<typeof TypingShape> = { actor, target: friend, object: { state: "composing" } };
export const ReadShape = shape(Anybody, 1, Type.Object({ id: Id }, STRICT));
export const READ_EXAMPLE: Static<typeof ReadShape> = {
  actor,
  target: friend,
  object: { id: "01JD0000000000000000000000" },
};
