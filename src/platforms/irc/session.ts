import type { Socket } from "node:net";
import irc, { type IrcMessage, type IrcTransport } from "irc-framework";
import type { Hold } from "../../held.ts";
import { type Credentials, secretsOf } from "./credentials.ts";
import { type Exchanges, exchanges } from "./exchanges.ts";
import { fault, isRefusal, refusalFault } from "./fault.ts";
import { inbox } from "./inbox.ts";
import { incoming } from "./incoming.ts";
import { PACE, pace } from "./pace.ts";
import { registration } from "./registration.ts";
import { type Rooms, rooms } from "./rooms.ts";
import { wire } from "./wire.ts";

/** How long each step may take, in ms. */
export interface Patience {
  readonly connect: number;
  /** From the first line to the end of the welcome: networks may look up names first. */
  readonly register: number;
  /** Silence after a command. */
  readonly answer: number;
  /** Silence after which the server is asked for a sign of life. */
  readonly idle: number;
  /** Between tries to get the wanted nick back. */
  readonly regain: number;
}
export const PATIENCE: Patience = {
  connect: 30_000,
  register: 60_000,
  answer: 30_000,
  idle: 60_000,
  regain: 30_000,
};

/** One account's live connection. */
export interface Session extends Pick<Exchanges, "ask"> {
  readonly nick: () => string;
  readonly isOwn: (nick: string) => boolean;
  readonly rooms: Rooms;
  /** Whether the network gives back what it took (IRCv3 echo-message). */
  readonly echoes: () => boolean;
  /** The first refusal among what the server said, as `explain` understands it. */
  readonly refusal: (messages: readonly IrcMessage[]) => Error | undefined;
  /** Resolves when the server has let us in; rejects with why not. */
  readonly registered: Promise<void>;
  /** Hands over what arrived, says goodbye and hangs up. */
  readonly close: () => Promise<void>;
}

export interface SessionSettings {
  readonly hold: Hold<Credentials>;
  readonly socket: Socket;
  readonly nick: string;
  readonly patience: Patience;
  /** Called once when the connection ends by itself. */
  readonly onEnd: (thrown: unknown) => void;
}

/** What the library is given; all else would only be gathered there. */
const FORWARDED =
  /^(001|005|900|903|PING|CAP|AUTHENTICATE|90[2-7]|JOIN|PART|KICK|QUIT|NICK|TOPIC|PRIVMSG|NOTICE|INVITE)$/;
/** Of these the library keeps what they say: a hostile server might go on and on. */
const GATHERED = /^(005|CAP)$/;
const GATHERED_MOST = 100;
/** Lines that make no sense before the server is given up. */
const NONSENSE_MOST = 100;
const CLOSE_MS = 1_000;

/** Speaks IRC over a connected socket, and logs in. */
export function openSession({ hold, socket, nick, patience, onEnd }: SessionSettings): Session {
  const { credentials } = hold;
  const secrets = secretsOf(credentials);
  const client = new irc.Client();
  const isOwn = (name: string) => client.caseCompare(name, client.user.nick);
  let answered = false;
  let nonsense = 0;
  let gathered = 0;

  const line = wire({ socket, onLine: heard, onEnd: end, idleMs: patience.idle });
  const box = inbox({ arrive: hold.arrive, pause: line.pause, resume: line.resume });
  const commands = exchanges({
    pace: pace(credentials.pace ?? PACE),
    labels: () => client.network.cap.isEnabled("labeled-response") && client.network.cap.isEnabled("batch"),
    write: line.write,
    patienceMs: patience.answer,
    paused: line.paused,
    isOwn,
    onSilence: end,
  });
  const login = registration({
    nick,
    login: credentials.sasl !== undefined,
    secrets,
    changeNick: (to) => client.raw(`NICK ${to}`),
  });
  const inside = rooms({ hold, isOwn, fold: (name) => client.caseLower(name), put: box.put });

  let over = false;
  function end(thrown: unknown): void {
    if (over) return;
    over = true;
    login.fail(thrown);
    commands.end(thrown);
    void line.close(undefined, 0);
    onEnd(thrown);
  }

  function heard(text: string): void {
    const message = text === "" ? undefined : irc.ircLineParser(text);
    if (!message) return;
    login.take(message);
    const ours = commands.take(message);
    // InspIRCd labels the change of our nick, but says that the new nick made it.
    if (ours && message.command === "NICK" && message.nick === message.params[0]) message.nick = client.user.nick;
    answered = ours && isOwn(message.nick);
    inside.take(message);
    if (FORWARDED.test(message.command)) forward(message, text);
  }

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

  incoming({ client, address: hold.address, put: box.put, answered: () => answered });
  // Its other reasons come as numbers, or leave the welcome without a login.
  client.on("sasl failed", ({ reason }) => {
    if (/missing|unsupported/.test(reason ?? "")) login.fail(fault("IRC_NO_SASL", "The server offers no login"));
  });
  client.requestCap("labeled-response");
  client.connect({
    nick,
    username: credentials.user ?? "dragoman",
    gecos: credentials.realname ?? nick,
    ...(credentials.password === undefined ? {} : { password: credentials.password }),
    account: credentials.sasl ?? {},
    version: "",
    auto_reconnect: false,
    ping_interval: 0,
    ping_timeout: 0,
    enable_echomessage: true,
    transport: transportOver(line.write),
  });

  return {
    ask: commands.ask,
    nick: () => client.user.nick,
    isOwn,
    rooms: inside,
    echoes: () => client.network.cap.isEnabled("echo-message"),
    registered: login.done,
    refusal: (messages) => {
      const refused = messages.find(isRefusal);
      return refused && refusalFault(refused, secrets);
    },
    close: async () => {
      const wasOver = over;
      over = true;
      commands.end(fault("IRC_CLOSED", "The session was closed"));
      await box.close(CLOSE_MS);
      await line.close(wasOver ? undefined : "QUIT", CLOSE_MS);
      client.removeAllListeners();
    },
  };
}

/** The library's way to our socket; it is fed from `heard`, so it only writes here. */
function transportOver(write: (line: string) => void): new () => IrcTransport {
  const listeners = new Map<string, () => void>();
  const transport: IrcTransport = {
    on: (event, listener) => listeners.set(event, listener as () => void),
    removeAllListeners: () => listeners.clear(),
    disposeSocket: () => undefined,
    connect: () => listeners.get("open")?.(),
    writeLine: (line) => write(line),
    close: () => undefined,
    setEncoding: () => true,
  };
  return function transportOfSession() {
    return transport;
  } as unknown as new () => IrcTransport;
}
