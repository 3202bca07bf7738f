import Type, { type Static } from "typebox";
import { IrcActor, Key, Nick, OwnNick, Reason, Room } from "./identifiers.ts";

const shape = <Target extends Type.TSchema, Shape extends Type.TSchema>(target: Target, object: Shape) =>
  Type.Object({ actor: IrcActor, target, object }, { additionalProperties: false });
const oneRoom = Type.Array(Room, { minItems: 1, maxItems: 1 });
const rooms = Type.Array(Room, { minItems: 1, maxItems: 10 });
const none = Type.Optional(Type.Array(Room, { maxItems: 1 }));
const actor = { address: "bob@irc.example.net" };
const lobby = [{ address: "#lobby" }];

/** What `join` takes. */
export const JoinShape = shape(
  rooms,
  Type.Object({ type: Type.Optional(Type.Literal("room")), key: Type.Optional(Key) }, { additionalProperties: false }),
);
export const JOIN_EXAMPLE: Static<typeof JoinShape> = { actor, target: lobby, object: {} };

/** What `leave` takes. */
export const LeaveShape = shape(
  rooms,
  Type.Object(
    { type: Type.Optional(Type.Literal("room")), body: Type.Optional(Reason) },
    { additionalProperties: false },
  ),
);
export const LEAVE_EXAMPLE: Static<typeof LeaveShape> = { actor, target: lobby, object: { body: "Good night" } };

const person = { type: Type.Optional(Type.Literal("person")), address: Nick };

/** What `invite` takes: whom, into which room. */
export const InviteShape = shape(oneRoom, Type.Object(person, { additionalProperties: false }));
export const INVITE_EXAMPLE: Static<typeof InviteShape> = { actor, target: lobby, object: { address: "alice" } };

/** What `kick` takes: whom, out of which room. */
export const KickShape = shape(
  oneRoom,
  Type.Object({ ...person, body: Type.Optional(Reason) }, { additionalProperties: false }),
);
export const KICK_EXAMPLE: Static<typeof KickShape> = {
  actor,
  target: lobby,
  object: { address: "alice", body: "Spam" },
};

/** What `update` takes: a channel's topic, or the account's own nick. */
export const UpdateShape = shape(
  none,
  Type.Union([
    Type.Object(
      {
        type: Type.Literal("topic"),
        body: Type.String({
          maxLength: 390,
          pattern: "^[^\\u0000\\u0001\\u0005-\\u000e\\u0010\\u0012-\\u0015\\u0017-\\u001c\\u007f]*$",
          description: "One line of at most 390 bytes; empty takes the topic away.",
        }),
      },
      { additionalProperties: false },
    ),
    Type.Object({ type: Type.Literal("profile"), name: OwnNick }, { additionalProperties: false }),
  ]),
);
export const UPDATE_EXAMPLE: Static<typeof UpdateShape> = {
  actor,
  target: lobby,
  object: { type: "topic", body: "All is well" },
};

/** What `query` takes. */
export const QueryShape = shape(
  Type.Optional(
    Type.Array(
      Type.Object(
        { address: Type.Union([Room.properties.address, Nick]), name: Type.Optional(Type.String({ maxLength: 256 })) },
        { additionalProperties: false },
      ),
      { maxItems: 1 },
    ),
  ),
  Type.Object(
    {
      type: Type.Optional(
        Type.Union([Type.Literal("attendance"), Type.Literal("person"), Type.Literal("rooms")], {
          description: "Who is in a channel (default), who somebody is (WHOIS), which channels there are (LIST).",
        }),
      ),
      match: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 64,
          pattern: "^[^\\u0000-\\u0020\\u007f,:][^\\u0000-\\u0020\\u007f,]*$",
          description: "For rooms: a mask such as *linux*, where the network knows masks.",
        }),
      ),
    },
    { additionalProperties: false },
  ),
);
export const QUERY_EXAMPLE: Static<typeof QueryShape> = { actor, target: lobby, object: { type: "attendance" } };

/** What `observe` takes: the query of 2013 for who is in a channel. */
export const ObserveShape = shape(
  oneRoom,
  Type.Object({ type: Type.Optional(Type.Literal("attendance")) }, { additionalProperties: false }),
);
export const OBSERVE_EXAMPLE: Static<typeof ObserveShape> = { actor, target: lobby, object: { type: "attendance" } };
