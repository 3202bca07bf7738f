import type { IrcClient, IrcEvent } from "irc-framework";
import { fromIrc, isFormatted, toHtml, toPlain } from "../../../platform/kit/rich-text/rich-text.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import { eventKeys } from "./event-keys.ts";

/** Content of an event of the library, as the app sees the event. */
interface EventContent {
  readonly verb: string;
  readonly object: Readonly<Record<string, unknown>>;
  /** Acting nick, where the event's own nick did this to somebody else. */
  readonly actor?: string;
  /** The channel; absent: a direct conversation. */
  readonly channel?: string | undefined;
  /** The other side of a direct conversation, where that is not the acting nick. */
  readonly peer?: string | undefined;
}

export interface EventPublisherOptions {
  readonly client: IrcClient;
  /** The account's address. */
  readonly address: string;
  readonly push: (event: InboundEvent) => void;
  /** Returns whether the current line answers an own command. The command's result reports such a line. */
  readonly isOwnResult: () => boolean;
}

const DAY_MS = 86_400_000;
const MAX_ID_CHARACTERS = 200;
const ACTION = "\u0001ACTION ";
/** STATUSMSG prefixes before a channel: a message to its operators only, for example. */
const STATUS_PREFIX = /^[~@%+]+(?=#)/;

/** Publishes the library's events about people as inbound events. */
export function publishEvents({ client, address, push, isOwnResult }: EventPublisherOptions): void {
  const keyOf = eventKeys();
  const isOwnNick = (nick: string): boolean => client.caseCompare(nick, client.user.nick);

  function message(type: "message" | "action" | "notice", event: IrcEvent): EventContent | undefined {
    const { target = "", nick } = event;
    const text = textOf(type, event);
    if (text === undefined) return undefined;
    const object = { ...text, ...(event.account ? { irc: { account: event.account } } : {}) };
    const channel = target.replace(STATUS_PREFIX, "");
    if (client.network.isChannelName(channel)) return { verb: "send", object, channel };
    return { verb: "send", object, peer: isOwnNick(nick) ? target : nick };
  }

  const mappers: Readonly<Record<string, (event: IrcEvent) => EventContent | undefined>> = {
    privmsg: (event) => message("message", event),
    action: (event) => message("action", event),
    notice: (event) => message("notice", event),
    join: ({ channel }) => ({ verb: "join", object: { type: "room" }, channel }),
    part: ({ channel, message: reason }) => ({
      verb: "leave",
      object: { type: "room", cause: "left", ...reasonOf(reason, channel) },
      channel,
    }),
    kick: ({ nick, channel, kicked = "", message: reason }) => ({
      verb: "leave",
      actor: kicked,
      object: { type: "room", cause: "kicked", by: { address: nick }, ...reasonOf(reason, kicked) },
      channel,
    }),
    quit: ({ message: reason }) => ({ verb: "leave", object: { type: "network", cause: "quit", ...reasonOf(reason) } }),
    nick: ({ new_nick = "" }) => ({ verb: "update", object: { type: "profile", name: new_nick } }),
    // A topic without a nick answers a question, or comes with a join.
    topic: ({ nick, channel, topic = "" }) =>
      nick ? { verb: "update", object: { type: "topic", body: topic }, channel } : undefined,
    invite: ({ channel = "", invited = "" }) => ({
      verb: "invite",
      object: { type: "room", address: channel, ...(invited === "" || isOwnNick(invited) ? {} : { irc: { invited } }) },
    }),
  };

  function toInboundEvent(event: IrcEvent, content: EventContent): InboundEvent {
    const { verb, object, channel, actor = event.nick, peer = actor } = content;
    const { msgid } = event.tags;
    const hasMask = actor === event.nick && event.ident;
    return {
      key: keyOf(event),
      event: {
        platform: "irc",
        verb,
        actor: {
          address: actor,
          ...(hasMask ? { id: `${event.nick}!${event.ident}@${event.hostname ?? ""}` } : {}),
        },
        target: [{ address }],
        object,
        context: channel === undefined ? { type: "direct", id: peer } : { type: "room", id: channel },
        ...(msgid ? { id: msgid.slice(0, MAX_ID_CHARACTERS) } : {}),
        published: new Date(timeOf(event)).toISOString(),
        self: isOwnNick(actor),
      },
    };
  }

  for (const [name, map] of Object.entries(mappers)) {
    client.on(name, (event) => {
      if (isOwnResult() || !event.nick) return;
      const content = map(event);
      if (content) push(toInboundEvent(event, content));
    });
  }
}

/** Reads a message's type and text. Undefined for servers' notices, empty texts and other CTCP requests. */
function textOf(type: "message" | "action" | "notice", { message = "", from_server, ident, hostname }: IrcEvent) {
  if (from_server || message === "" || (type === "notice" && !ident && !hostname)) return undefined;
  // Some clients leave the closing mark of CTCP away, which the library then takes for text.
  if (message.startsWith(ACTION)) return { type: "action", ...formsOf(message.slice(ACTION.length)) };
  return message.startsWith("\u0001") ? undefined : { type, ...formsOf(message) };
}

/** Returns a text without formatting characters, and as HTML where it has some. */
function formsOf(text: string): { readonly body: string; readonly html?: string } {
  const document = fromIrc(text);
  return { body: toPlain(document), ...(isFormatted(document) ? { html: toHtml(document) } : {}) };
}

/** Returns the last parameter as reason. Where there is no reason, the library gives the parameter before. */
function reasonOf(message: string | undefined, other?: string): { readonly reason?: string } {
  return message === undefined || message === "" || message === other ? {} : { reason: message };
}

function timeOf({ time }: IrcEvent): number {
  const now = Date.now();
  return time !== undefined && time > 0 && time < now + DAY_MS ? time : now;
}
