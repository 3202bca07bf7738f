import Type from "typebox";
import { NAMELESS } from "../../../model/pattern-classes.ts";

/** Characters of nicks: letters, digits, and the marks of RFC 2812 section 2.3.1. */
const NICK_REST = `[^\\u0000-,./:-@~\\u007f${NAMELESS}]*`;
const NICK = `[^\\u0000-@~\\u007f${NAMELESS}]${NICK_REST}`;
/** Nick of somebody else: networks assign nicks that begin with a digit; services are `NickServ@services.host`. */
const OTHER_NICK = `[^\\u0000-/:-@~\\u007f${NAMELESS}]${NICK_REST}`;
const SERVICE = `${OTHER_NICK}@[A-Za-z0-9.-]+`;
/** Channel names of RFC 2812. Control characters, space and comma would end the parameter. */
const CHANNEL = "[#&+!][^\\u0000-\\u0020\\u007f,]+";
/** Channel with a STATUSMSG prefix. Only its operators, or all with a voice, get the message. */
const STATUS_CHANNEL = "[@%+]#[^\\u0000-\\u0020\\u007f,]+";

/** Bytes of a nick or channel name: more than any known network allows. */
export const MAX_NAME_BYTES = 64;
/** Bytes of own nicks, which stand before each line that the server passes on. */
const MAX_OWN_NICK_BYTES = 30;

/** Nick of the account. */
export const OwnNick = Type.String({ minLength: 1, maxLength: MAX_OWN_NICK_BYTES, pattern: `^${NICK}$` });

const Name = Type.Optional(Type.String({ maxLength: 256, pattern: "^[^\\u0000-\\u001f\\u007f]*$" }));

/** Actor of a verb: `nick`, or `nick@network` for the same nick on several networks. */
export const IrcActor = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      maxLength: 285,
      pattern: `^${NICK}(?:@[A-Za-z0-9._:-]{1,253})?$`,
      description: "nick or nick@network: how the account was stored.",
    }),
    name: Name,
  },
  { additionalProperties: false },
);

const address = (pattern: string, description: string) =>
  Type.String({ minLength: 1, maxLength: MAX_NAME_BYTES, pattern, description });
const target = <Address extends Type.TString>(schema: Address) =>
  Type.Object(
    { address: schema, name: Type.Optional(Type.String({ maxLength: 256 })) },
    { additionalProperties: false },
  );

export const ChannelName = address(`^${CHANNEL}$`, "A channel such as #lobby.");
export const NickName = address(`^${OTHER_NICK}$`, "A nick.");
export const ChannelTarget = target(ChannelName);
export const ChannelOrNickTarget = target(address(`^(?:${CHANNEL}|${OTHER_NICK})$`, "A channel, or a nick."));
/** Target of a message. */
export const MessageTarget = target(
  address(
    `^(?:${CHANNEL}|${STATUS_CHANNEL}|${OTHER_NICK}|${SERVICE})$`,
    "A channel such as #lobby, the operators of a channel (@#lobby), a nick, or a service (NickServ@services.host).",
  ),
);

/** Key of a channel. */
export const ChannelPassword = Type.String({
  minLength: 1,
  maxLength: 32,
  pattern: "^[!-+\\-.\\/0-9;-~][!-+\\--~]*$",
  description: "The channel's key; no spaces or commas, no leading colon.",
});

/** Reason in one line. */
export const Reason = Type.String({
  maxLength: 200,
  pattern: "^[^\\u0000-\\u001f\\u007f]*$",
  description: "Reason in words, one line.",
});

const channelPattern = new RegExp(`^(?:${CHANNEL}|${STATUS_CHANNEL})$`, "u");

/** Returns whether a name is a channel's and not a person's. */
export function isChannel(name: string): boolean {
  return channelPattern.test(name);
}

/** Returns the channel or nick in the path of an `irc://` URI. The `#` may be left out; `,isnick` marks a nick. */
export function addressInPath(path: string): string {
  const [name = "", ...flags] = path.split(",");
  return name === "" || isChannel(name) || flags.includes("isnick") ? name : `#${name}`;
}

/** Returns the nick in an actor's address. */
export function nickIn(actorAddress: string): string {
  return actorAddress.split("@", 1)[0] ?? actorAddress;
}
