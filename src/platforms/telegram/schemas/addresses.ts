import Type from "typebox";

const STRICT = { additionalProperties: false } as const;
const Name = Type.Optional(Type.String({ maxLength: 256 }));
/** Ids of chats: positive for persons, negative for groups and channels; `@name` for public ones. */
const CHAT = "-?[0-9]{1,19}|@[A-Za-z][A-Za-z0-9_]{3,31}";

/** The bot, as its account was stored: `@name` or its numeric id. */
export const BotActor = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      maxLength: 33,
      pattern: "^(@[A-Za-z][A-Za-z0-9_]{3,31}|[0-9]{1,19})$",
      description: "The bot's @name or id, as its account was stored.",
    }),
    name: Name,
  },
  STRICT,
);

/** Chat: a person, a group, a channel, or a topic of a group (`chat/topic`). */
export const Chat = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: `^(?:${CHAT})(?:/[0-9]{1,19})?$`,
      description: "Id of a chat, @name of a public one, or `chat/topic` for a topic of a group.",
    }),
    name: Name,
  },
  STRICT,
);

/** Group or channel, without a topic. */
export const Group = Type.Object(
  { address: Type.String({ minLength: 1, maxLength: 33, pattern: `^(?:${CHAT})$` }), name: Name },
  STRICT,
);

/** Id of a person. */
export const PersonId = Type.String({
  pattern: "^[0-9]{1,19}$",
  description: "Id of a person: `actor.address` of theirs.",
});
export const Person = Type.Object({ address: PersonId, name: Name }, STRICT);

/** Id of a message within its chat. */
export const MessageId = Type.String({
  pattern: "^[0-9]{1,19}$",
  description: "Id of the message, as its result or its arrival gave it.",
});

/** Parts of a chat's address, as the Bot API takes them. */
export function chatOf(address: string): { readonly chat_id: string; readonly message_thread_id?: number } {
  const [chat = "", topic] = address.split("/");
  return topic === undefined ? { chat_id: chat } : { chat_id: chat, message_thread_id: Number(topic) };
}
