import { optional } from "../../../model/optional.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import { recordOf } from "../errors.ts";
import { memberEvents } from "./members.ts";
import { messageObject } from "./message.ts";
import { personOf } from "./person.ts";
import { reactionEvents } from "./reactions.ts";

type Fields = Readonly<Record<string, unknown>>;
/** Part of an event that a kind of update gives. The rest is the same for all. */
export type UpdateEvent = Pick<InboundEvent["event"], "verb" | "object"> & {
  readonly actor?: InboundEvent["event"]["actor"];
  readonly self?: boolean;
};

/** Kinds of updates that the gateway asks for (`allowed_updates`). */
export const ALLOWED_UPDATES = [
  "message",
  "edited_message",
  "channel_post",
  "edited_channel_post",
  "message_reaction",
  "callback_query",
  "my_chat_member",
];

/** Returns the events of one Update of the Bot API, and the id behind it. Unknown kinds give none. */
export function eventsOf(update: unknown, account: string): readonly InboundEvent[] {
  const fields = recordOf(update);
  const kind = ALLOWED_UPDATES.find((name) => fields[name] !== undefined);
  if (kind === undefined) return [];
  const content = recordOf(fields[kind]);
  const message = kind === "callback_query" ? recordOf(content.message) : content;
  const context = contextOf(message, kind.includes("channel_post"));
  const published = new Date(timeOf(content, message)).toISOString();
  return updateEvents(kind, content).map(({ verb, object, actor, self = false }, index) => ({
    key: `u:${String(fields.update_id)}${index === 0 ? "" : `:${index}`}`,
    event: {
      platform: "telegram",
      verb,
      actor: actor ?? senderOf(content),
      target: [{ address: account }],
      object,
      ...optional("context", context),
      ...optional("id", message.message_id === undefined ? undefined : String(message.message_id)),
      published,
      self,
    },
  }));
}

function updateEvents(kind: string, content: Fields): readonly UpdateEvent[] {
  switch (kind) {
    case "message": {
      // The old group's own message tells the same, with both addresses.
      if (content.migrate_from_chat_id !== undefined) return [];
      const members = memberEvents(content);
      return members.length > 0 ? members : [{ verb: "send", object: messageObject(content) }];
    }
    case "channel_post":
      return [{ verb: "post", object: messageObject(content) }];
    case "edited_message":
    case "edited_channel_post":
      return [{ verb: "update", object: messageObject(content) }];
    case "callback_query":
      return [{ verb: "send", object: buttonObject(content) }];
    case "my_chat_member":
      return memberEvents(content);
    default:
      return reactionEvents(content);
  }
}

/** Object of a pressed button: its value, and the message it stands under. */
function buttonObject({ data, message }: Fields): Fields {
  const answered = recordOf(message).message_id;
  return {
    type: "message",
    value: String(data ?? "").slice(0, 256),
    ...optional("inReplyTo", Number.isSafeInteger(answered) ? String(answered) : undefined),
  };
}

/** Sender of a message: a person, or the chat that posts as itself. */
function senderOf({ from, user, sender_chat, actor_chat, chat }: Fields): InboundEvent["event"]["actor"] {
  const person = personOf(sender_chat === undefined ? (from ?? user) : undefined);
  if (person) return person;
  const { id, title } = recordOf(sender_chat ?? actor_chat ?? chat);
  return {
    address: String(id ?? "unknown"),
    ...optional("name", typeof title === "string" ? title.slice(0, 256) : undefined),
  };
}

function contextOf({ chat, message_thread_id: topic, is_topic_message: inTopic }: Fields, isChannel: boolean) {
  const { id, type, title } = recordOf(chat);
  if (id === undefined) return undefined;
  const name = optional("name", typeof title === "string" ? title.slice(0, 512) : undefined);
  if (type === "private") return { type: "direct", id: String(id) };
  if (inTopic === true && Number.isSafeInteger(topic))
    return { type: "thread", id: `${String(id)}/${String(topic)}`, ...name };
  return { type: isChannel ? "feed" : "room", id: String(id), ...name };
}

/** Unix ms of an update: of the edit, else of the message. Now where Telegram gives none. */
function timeOf(content: Fields, message: Fields): number {
  const seconds = [content.edit_date, content.date, message.date].find((value) => Number.isSafeInteger(value));
  return seconds === undefined ? Date.now() : Number(seconds) * 1_000;
}
