import Type from "typebox";

const NICK = "[\\p{L}\\[\\]\\\\`_^{|}][\\p{L}\\p{M}\\p{N}\\[\\]\\\\`_^{|}\\-]*";
/** RFC 2812's channel names: no control characters, space or comma, each of which would end the parameter. */
const ROOM = "[#&+!][^\\u0000-\\u0020\\u007f,]+";

/** Bytes that a nick or a channel's name may have: more than any known network allows. */
export const NAME_BYTES = 64;
/** Our own nicks are shorter, since a nick also stands before each line that the server passes on. */
export const OWN_NICK_BYTES = 30;

/** A nick of ours. */
export const OwnNick = Type.String({ minLength: 1, maxLength: OWN_NICK_BYTES, pattern: `^${NICK}$` });

/** Whoever acts: `nick`, or `nick@network` where an app has one nick on several networks; the part behind @ is only a label. */
export const IrcActor = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      maxLength: 285,
      pattern: `^${NICK}(?:@[A-Za-z0-9._:-]{1,253})?$`,
      description: "nick or nick@network: how the account was stored.",
    }),
    name: Type.Optional(Type.String({ maxLength: 256, pattern: "^[^\\u0000-\\u001f\\u007f]*$" })),
  },
  { additionalProperties: false },
);

const address = (pattern: string, description: string) =>
  Type.Object(
    {
      address: Type.String({ minLength: 1, maxLength: NAME_BYTES, pattern, description }),
      name: Type.Optional(Type.String({ maxLength: 256 })),
    },
    { additionalProperties: false },
  );

export const Room = address(`^${ROOM}$`, "A channel such as #lobby.");
export const RoomOrNick = address(`^(?:${ROOM}|${NICK})$`, "A channel such as #lobby, or a nick.");
/** Somebody else's nick. */
export const Nick = Type.String({ minLength: 1, maxLength: NAME_BYTES, pattern: `^${NICK}$` });

/** A key (password) of a channel. */
export const Key = Type.String({
  minLength: 1,
  maxLength: 32,
  pattern: "^[!-+\\-.\\/0-9;-~][!-+\\--~]*$",
  description: "The channel's key; no spaces or commas, no leading colon.",
});

/** What is said in passing (a reason): one line. */
export const Reason = Type.String({ maxLength: 200, pattern: "^[^\\u0000-\\u001f\\u007f]*$" });

const room = new RegExp(`^${ROOM}$`, "u");

/** Whether a name is a channel's and not a person's. */
export function isRoom(name: string): boolean {
  return room.test(name);
}

/** The nick that an actor's address asks for. */
export function nickIn(address: string): string {
  return address.split("@", 1)[0] ?? address;
}
