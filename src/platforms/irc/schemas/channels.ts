import Type, { type Static } from "typebox";
import {
  ChannelName,
  ChannelOrNickTarget,
  ChannelPassword,
  ChannelTarget,
  IrcActor,
  NickName,
  OwnNick,
  Reason,
} from "./identifiers.ts";

const STRICT = { additionalProperties: false } as const;
const verbSchema = <Target extends Type.TSchema, ObjectSchema extends Type.TSchema>(
  target: Target,
  object: ObjectSchema,
) => Type.Object({ actor: IrcActor, target, object }, STRICT);
const oneChannel = Type.Array(ChannelTarget, { minItems: 1, maxItems: 1 });
const channels = Type.Array(ChannelTarget, { minItems: 1, maxItems: 10 });
const optionalChannel = Type.Optional(Type.Array(ChannelTarget, { maxItems: 1 }));
const ACTOR = { address: "bob@irc.example.net" };
const LOBBY = [{ address: "#lobby" }];
const RoomType = Type.Optional(Type.Literal("room"));

export const JoinSchema = verbSchema(
  channels,
  Type.Object({ type: RoomType, password: Type.Optional(ChannelPassword) }, STRICT),
);
export const JOIN_EXAMPLE: Static<typeof JoinSchema> = { actor: ACTOR, target: LOBBY, object: {} };

export const LeaveSchema = verbSchema(channels, Type.Object({ type: RoomType, reason: Type.Optional(Reason) }, STRICT));
export const LEAVE_EXAMPLE: Static<typeof LeaveSchema> = {
  actor: ACTOR,
  target: LOBBY,
  object: { reason: "Good night" },
};

/** Invitation: the target is the person, the object the channel. */
export const InviteSchema = verbSchema(
  Type.Array(ChannelOrNickTarget, { minItems: 1, maxItems: 10, description: "The persons." }),
  Type.Object({ type: RoomType, address: ChannelName }, STRICT),
);
export const INVITE_EXAMPLE: Static<typeof InviteSchema> = {
  actor: ACTOR,
  target: [{ address: "alice" }],
  object: { type: "room", address: "#lobby" },
};

export const KickSchema = verbSchema(
  oneChannel,
  Type.Object(
    { type: Type.Optional(Type.Literal("person")), address: NickName, reason: Type.Optional(Reason) },
    STRICT,
  ),
);
export const KICK_EXAMPLE: Static<typeof KickSchema> = {
  actor: ACTOR,
  target: LOBBY,
  object: { address: "alice", reason: "Spam" },
};

export const UpdateSchema = verbSchema(
  optionalChannel,
  Type.Union([
    Type.Object(
      {
        type: Type.Literal("topic"),
        body: Type.String({
          maxLength: 390,
          pattern: "^[^\\u0000\\u0001\\u0005-\\u000e\\u0010\\u0012-\\u0015\\u0017-\\u001c\\u007f]*$",
          description: "One line of at most 390 bytes; an empty topic removes the topic.",
        }),
      },
      STRICT,
    ),
    Type.Object({ type: Type.Literal("profile"), name: OwnNick }, STRICT),
  ]),
);
export const UPDATE_EXAMPLE: Static<typeof UpdateSchema> = {
  actor: ACTOR,
  target: LOBBY,
  object: { type: "topic", body: "All is well" },
};

/** Page of a list. The network gives the whole list each time, the gateway cuts the page. */
const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_000, description: "Items of a page; default 2000." })),
  after: Type.Optional(
    Type.String({ pattern: "^[0-9]{1,7}$", maxLength: 7, description: "`next` of the previous page." }),
  ),
};

export const QuerySchema = verbSchema(
  Type.Optional(Type.Array(ChannelOrNickTarget, { maxItems: 1 })),
  Type.Object(
    {
      type: Type.Optional(
        Type.Enum(["members", "person", "rooms"], {
          description: "Members of a channel (default), a person (WHOIS), or the network's channels (LIST).",
        }),
      ),
      match: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 64,
          pattern: "^[^\\u0000-\\u0020\\u007f,:][^\\u0000-\\u0020\\u007f,]*$",
          description: "For rooms: a mask such as *linux*, where the network supports masks.",
        }),
      ),
      ...page,
    },
    STRICT,
  ),
);
export const QUERY_EXAMPLE: Static<typeof QuerySchema> = { actor: ACTOR, target: LOBBY, object: { type: "members" } };

/** Query of 2013 for the members of a channel. */
export const ObserveSchema = verbSchema(
  oneChannel,
  Type.Object({ type: Type.Optional(Type.Enum(["members", "attendance"])) }, STRICT),
);
export const OBSERVE_EXAMPLE: Static<typeof ObserveSchema> = {
  actor: ACTOR,
  target: LOBBY,
  object: { type: "attendance" },
};
