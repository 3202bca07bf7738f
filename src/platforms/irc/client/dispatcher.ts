import irc, { type IrcClient, type IrcMessage } from "irc-framework";
import { codedError, isRefusal } from "./coded-error.ts";
import type { JoinedChannels } from "./joined-channels.ts";
import type { Registration } from "./registration.ts";
import type { RequestQueue } from "./request-queue.ts";

/** Messages passed to the library; all others would only pile up there. */
const FORWARDED =
  /^(001|005|900|903|PING|CAP|AUTHENTICATE|90[2-7]|JOIN|PART|KICK|QUIT|NICK|TOPIC|PRIVMSG|NOTICE|INVITE)$/;
/** Messages whose content the library stores: a hostile server could send any number. */
const STORED = /^(005|CAP)$/;
const MAX_STORED = 100;
/** Malformed lines after which the connection is ended. */
const MAX_MALFORMED = 100;
/** Capabilities that only bouncers offer. */
const BOUNCER = /\b(znc\.in|soju\.im)\//;

export interface DispatcherOptions {
  readonly client: IrcClient;
  readonly login: Registration;
  readonly requests: RequestQueue;
  readonly channels: JoinedChannels;
  readonly isOwnNick: (nick: string) => boolean;
  /** Called with each message of persons. */
  readonly onMessage: (message: IrcMessage) => void;
  /** Called after a change of the own nick. */
  readonly onOwnNick: () => void;
  /** Called with refusals that answer no current request. */
  readonly onLateRefusal: (message: IrcMessage) => void;
}

/** Passes every line of the server to its receivers. */
export interface Dispatcher {
  /** Takes a line; throws when the server has sent too many malformed lines. */
  readonly onLine: (text: string) => void;
  /** Returns whether the current line answers an own command. The command's result reports such a line. */
  readonly isOwnResult: () => boolean;
  /** Returns whether the server is a bouncer between the account and the network. */
  readonly isBouncer: () => boolean;
}

export function dispatcher(options: DispatcherOptions): Dispatcher {
  const { client, login, requests, channels, isOwnNick } = options;
  let isOwnResult = false;
  let isBouncer = false;
  let malformedCount = 0;
  let storedCount = 0;

  function forward(message: IrcMessage, text: string): void {
    if (STORED.test(message.command) && ++storedCount > MAX_STORED) return;
    const isOwnChange = message.command === "NICK" && isOwnNick(message.nick);
    // The library would collect a batch until its end, which may never come.
    delete message.tags.batch;
    try {
      client.connection.emit("message", message, text);
      if (isOwnChange) options.onOwnNick();
    } catch (cause) {
      malformedCount += 1;
      if (malformedCount > MAX_MALFORMED) throw codedError("IRC_LINE", "The server sends malformed lines", { cause });
    }
  }

  /** Passes a message to the current request. Returns whether the message is the result of our own command. */
  function takeResponse(message: IrcMessage): boolean {
    if (!requests.take(message)) return false;
    // InspIRCd labels the change of our nick, but names the new nick as its author.
    if (message.command === "NICK" && message.nick === message.params[0]) message.nick = client.user.nick;
    return isOwnNick(message.nick);
  }

  // The library's other reasons come as numerics, or leave the welcome without a login.
  client.on("sasl failed", ({ reason }) => {
    if (/missing|unsupported/.test(reason ?? "")) login.fail(codedError("IRC_NO_SASL", "The server offers no login"));
  });

  return {
    isOwnResult: () => isOwnResult,
    isBouncer: () => isBouncer,
    onLine: (text) => {
      const message = text === "" ? undefined : irc.ircLineParser(text);
      if (!message) return;
      if (message.command === "CAP" && BOUNCER.test(message.params.at(-1) ?? "")) isBouncer = true;
      login.take(message);
      if (isRefusal(message) && !requests.isConcerned(message)) options.onLateRefusal(message);
      isOwnResult = takeResponse(message);
      channels.take(message);
      if (FORWARDED.test(message.command)) forward(message, text);
      options.onMessage(message);
    },
  };
}
