import { randomBytes } from "node:crypto";
import type { IrcClient, IrcEvent } from "irc-framework";
import type { InboundEvent } from "../../../platform/platform.ts";

/** What an event of the library becomes; undefined where it is not worth telling. */
interface Told {
  readonly verb: string;
  readonly object: Readonly<Record<string, unknown>>;
  /** The room; else it is between us and `actor`. */
  readonly room?: string | undefined;
  /** With whom, where that is not the one who acts. */
  readonly peer?: string | undefined;
}

export interface IncomingDeps {
  readonly client: IrcClient;
  /** The account's address. */
  readonly address: string;
  readonly put: (arrival: InboundEvent) => void;
  /** Whether what is being told is the answer to a command of ours: its result says that already. */
  readonly answered: () => boolean;
}

const DAY_MS = 86_400_000;

/** Turns what people do on the network into arrivals. */
export function incoming({ client, address, put, answered }: IncomingDeps): void {
  const connection = randomBytes(9).toString("base64url");
  let count = 0;

  const spoken =
    (type: "message" | "action" | "notice") =>
    ({ target = "", message = "", nick, account, from_server }: IrcEvent): Told | undefined => {
      if (from_server || message === "") return undefined;
      const object = { type, body: message, ...(account ? { account } : {}) };
      if (client.network.isChannelName(target)) return { verb: "send", object, room: target };
      return { verb: "send", object, peer: isOwn(nick) ? target : nick };
    };

  const events: Readonly<Record<string, (event: IrcEvent) => Told | undefined>> = {
    privmsg: spoken("message"),
    action: spoken("action"),
    notice: spoken("notice"),
    join: ({ channel }) => ({ verb: "join", object: { type: "room" }, room: channel }),
    part: ({ channel, message }) => ({
      verb: "leave",
      object: { type: "room", ...body(message, channel) },
      room: channel,
    }),
    kick: ({ channel, kicked = "", message }) => ({
      verb: "kick",
      object: { type: "person", address: kicked, ...body(message, kicked) },
      room: channel,
    }),
    quit: ({ message }) => ({ verb: "leave", object: { type: "network", ...body(message) } }),
    nick: ({ new_nick = "" }) => ({ verb: "update", object: { type: "profile", name: new_nick } }),
    // Without a nick it is the answer to a question, or what a room says to who joins.
    topic: ({ nick, channel, topic = "" }) =>
      nick ? { verb: "update", object: { type: "topic", body: topic }, room: channel } : undefined,
    invite: ({ channel = "", invited = "" }) => ({
      verb: "invite",
      object: { type: "room", address: channel, invited },
    }),
  };

  function isOwn(nick: string): boolean {
    return client.caseCompare(nick, client.user.nick);
  }

  function arrivalOf(event: IrcEvent, { verb, object, room, peer = event.nick }: Told): InboundEvent {
    const { msgid } = event.tags;
    count += 1;
    return {
      // A network without ids repeats nothing: equal lines are two lines.
      key: msgid ? `m:${msgid.slice(0, 200)}` : `${connection}:${count}`,
      event: {
        platform: "irc",
        verb,
        actor: {
          address: event.nick,
          ...(event.ident ? { id: `${event.nick}!${event.ident}@${event.hostname ?? ""}` } : {}),
        },
        target: [{ address }],
        object,
        context: room === undefined ? { type: "direct", id: peer } : { type: "room", id: room },
        ...(msgid ? { id: msgid.slice(0, 200) } : {}),
        published: new Date(timeOf(event)).toISOString(),
        self: isOwn(event.nick),
      },
    };
  }

  for (const [name, tell] of Object.entries(events)) {
    client.on(name, (event) => {
      if (answered() || !event.nick) return;
      const told = tell(event);
      if (told) put(arrivalOf(event, told));
    });
  }
}

/** The last parameter is the reason, or, where there is none, whatever stands before it. */
function body(message: string | undefined, other?: string): { readonly body?: string } {
  return message === undefined || message === "" || message === other ? {} : { body: message };
}

function timeOf({ time }: IrcEvent): number {
  const now = Date.now();
  return time !== undefined && time > 0 && time < now + DAY_MS ? time : now;
}
