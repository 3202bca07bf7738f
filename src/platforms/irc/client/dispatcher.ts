import irc, { type IrcClient, type IrcMessage } from "irc-framework";
import { fault } from "./coded-error.ts";
import type { Rooms } from "./joined-channels.ts";
import type { Registration } from "./registration.ts";
import type { Exchanges } from "./request-queue.ts";

/** What the library is given; all else would only be gathered there. */
const FORWARDED =
  /^(001|005|900|903|PING|CAP|AUTHENTICATE|90[2-7]|JOIN|PART|KICK|QUIT|NICK|TOPIC|PRIVMSG|NOTICE|INVITE)$/;
/** Of these the library keeps what they say: a hostile server might go on and on. */
const GATHERED = /^(005|CAP)$/;
const GATHERED_MOST = 100;
/** Lines that make no sense before the server is given up. */
const NONSENSE_MOST = 100;

export interface EarDeps {
  readonly client: IrcClient;
  readonly login: Registration;
  readonly commands: Exchanges;
  readonly rooms: Rooms;
  readonly isOwn: (nick: string) => boolean;
}

/** Hears every line of the server, and tells it to whom it concerns. */
export interface Ear {
  /** Throws a fault for a server that makes no sense any more. */
  readonly heard: (text: string) => void;
  /** Whether the line that is being told is our own doing, which its result tells already. */
  readonly answered: () => boolean;
}

/** See `Ear`. */
export function ear({ client, login, commands, rooms, isOwn }: EarDeps): Ear {
  let answered = false;
  let nonsense = 0;
  let gathered = 0;

  function forward(message: IrcMessage, text: string): void {
    if (GATHERED.test(message.command) && ++gathered > GATHERED_MOST) return;
    // The library would gather a batch until its end, which may never come.
    delete message.tags.batch;
    try {
      client.connection.emit("message", message, text);
    } catch (thrown) {
      nonsense += 1;
      if (nonsense > NONSENSE_MOST) throw fault("IRC_LINE", "The server makes no sense", { cause: thrown });
    }
  }

  // Its other reasons come as numbers, or leave the welcome without a login.
  client.on("sasl failed", ({ reason }) => {
    if (/missing|unsupported/.test(reason ?? "")) login.fail(fault("IRC_NO_SASL", "The server offers no login"));
  });

  return {
    answered: () => answered,
    heard: (text) => {
      const message = text === "" ? undefined : irc.ircLineParser(text);
      if (!message) return;
      login.take(message);
      const ours = commands.take(message);
      // InspIRCd labels the change of our nick, but says that the new nick made it.
      if (ours && message.command === "NICK" && message.nick === message.params[0]) message.nick = client.user.nick;
      answered = ours && isOwn(message.nick);
      rooms.take(message);
      if (FORWARDED.test(message.command)) forward(message, text);
    },
  };
}
