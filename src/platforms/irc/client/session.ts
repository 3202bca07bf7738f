import type { Socket } from "node:net";
import irc, { type IrcClient, type IrcMessage, type IrcTransport } from "irc-framework";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { type Credentials, secretsOf } from "../credentials.ts";
import { incoming } from "../inbound/events.ts";
import { inbox } from "../inbound/ordered-queue.ts";
import { fault, isRefusal, refusalFault } from "./coded-error.ts";
import { ear } from "./dispatcher.ts";
import { type Rooms, rooms } from "./joined-channels.ts";
import { wire } from "./line-socket.ts";
import { registration } from "./registration.ts";
import { type Exchanges, exchanges } from "./request-queue.ts";
import { PACE, pace } from "./token-bucket.ts";

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
  readonly hold: ConnectionContext<Credentials>;
  readonly socket: Socket;
  readonly nick: string;
  readonly patience: Patience;
  /** Called once when the connection ends by itself. */
  readonly onEnd: (thrown: unknown) => void;
}

const CLOSE_MS = 1_000;

/** Speaks IRC over a connected socket, and logs in. */
export function openSession({ hold: context, socket, nick, patience, onEnd }: SessionSettings): Session {
  const { credentials } = context;
  const secrets = secretsOf(credentials);
  const client = new irc.Client();
  const isOwn = (name: string) => client.caseCompare(name, client.user.nick);
  const can = (name: string) => client.network.cap.isEnabled(name);

  let over = false;
  function end(thrown: unknown): void {
    if (over) return;
    over = true;
    login.fail(thrown);
    commands.end(thrown);
    void line.close(undefined, 0);
    onEnd(thrown);
  }

  const line = wire({ socket, onLine: (text) => hearing.heard(text), onEnd: end, idleMs: patience.idle });
  const box = inbox({ arrive: context.record, pause: line.pause, resume: line.resume });
  const commands = exchanges({
    pace: pace(credentials.pace ?? PACE),
    labels: () => can("labeled-response") && can("batch"),
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
  const inside = rooms({ hold: context, isOwn, fold: (name) => client.caseLower(name), put: box.put });
  const hearing = ear({ client, login, commands, rooms: inside, isOwn });
  incoming({ client, address: context.address, put: box.put, answered: hearing.answered });
  begin(client, credentials, nick, line.write);

  return {
    ask: commands.ask,
    nick: () => client.user.nick,
    isOwn,
    rooms: inside,
    echoes: () => can("echo-message"),
    registered: login.done,
    refusal: (messages) => {
      const refused = messages.find(isRefusal);
      return refused && refusalFault(refused, secrets);
    },
    close: async () => {
      over = true;
      commands.end(fault("IRC_CLOSED", "The session was closed"));
      // First goodbye, so that the next holder finds the nick free; what the server had said by then still counts.
      await line.close("QUIT", CLOSE_MS);
      await box.close(CLOSE_MS);
      client.removeAllListeners();
    },
  };
}

/** Lets the library log in. What it would do by itself after that (reconnect, ping, answer VERSION) is off. */
function begin(client: IrcClient, credentials: Credentials, nick: string, write: (line: string) => void): void {
  const { user = "dragoman", realname = nick, password, sasl = {} } = credentials;
  client.requestCap("labeled-response");
  client.connect({
    nick,
    username: user,
    gecos: realname,
    ...(password === undefined ? {} : { password }),
    account: sasl,
    version: "",
    auto_reconnect: false,
    ping_interval: 0,
    ping_timeout: 0,
    enable_echomessage: true,
    transport: transportOver(write),
  });
}

/** The library's way to our socket; lines come to it by `ear`, so it only writes here. */
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
