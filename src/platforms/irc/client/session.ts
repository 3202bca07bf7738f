import type { Socket } from "node:net";
import irc, { type IrcClient, type IrcMessage, type IrcTransport } from "irc-framework";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { DeliveryReceipt } from "../../../platform/platform.ts";
import { type Credentials, secretsOf } from "../credentials.ts";
import { publishEvents } from "../inbound/events.ts";
import { orderedQueue } from "../inbound/ordered-queue.ts";
import { codedError, concerns, isRefusal, refusalError } from "./coded-error.ts";
import { ctcpAnswers } from "./ctcp-answers.ts";
import { dispatcher } from "./dispatcher.ts";
import { type JoinedChannels, joinedChannels } from "./joined-channels.ts";
import { lineSocket } from "./line-socket.ts";
import { registration } from "./registration.ts";
import { type RequestQueue, requestQueue } from "./request-queue.ts";
import { type SentMessages, sentMessages } from "./sent-messages.ts";
import type { Timeouts } from "./timeouts.ts";
import { DEFAULT_RATE, tokenBucket } from "./token-bucket.ts";

/** Live connection of an account. */
export interface Session extends Pick<RequestQueue, "request"> {
  readonly nick: () => string;
  readonly isOwnNick: (nick: string) => boolean;
  readonly channels: JoinedChannels;
  /** Returns whether the network echoes messages (IRCv3 echo-message). */
  readonly hasEcho: () => boolean;
  /** Returns whether a bouncer stands between the account and the network. */
  readonly isBouncer: () => boolean;
  readonly sentMessages: SentMessages;
  /** Returns the first refusal that is about `lines`, as an error for `classifyError`. */
  readonly refusal: (messages: readonly IrcMessage[], lines?: readonly string[]) => Error | undefined;
  /** Resolves when the server's welcome is complete; rejects when the server refuses the login. */
  readonly registered: Promise<void>;
  /** Records the events that arrived, sends QUIT and closes the connection. */
  readonly close: () => Promise<void>;
}

export interface SessionOptions {
  readonly context: ConnectionContext<Credentials>;
  readonly socket: Socket;
  readonly nick: string;
  readonly timeouts: Timeouts;
  /** Called after a change of the own nick, also by the network's services. */
  readonly onOwnNick: () => void;
  /** Called once when the connection ends without `close`. */
  readonly onEnd: (thrown: unknown) => void;
}

/** Milliseconds to close a connection and to record its last events. */
const CLOSE_MS = 1_000;

/** Starts an IRC session over a connected socket and logs in. */
export function openSession({ context, socket, nick, timeouts, onOwnNick, onEnd }: SessionOptions): Session {
  const { credentials } = context;
  const secrets = secretsOf(credentials);
  const client = new irc.Client();
  const isOwnNick = (name: string) => client.caseCompare(name, client.user.nick);
  const fold = (name: string) => client.caseLower(name);
  const hasCapability = (name: string) => client.network.cap.isEnabled(name);

  let isEnded = false;
  function end(thrown: unknown): void {
    if (isEnded) return;
    isEnded = true;
    login.fail(thrown);
    requests.end(thrown);
    void lines.close(undefined, 0);
    onEnd(thrown);
  }

  const lines = lineSocket({ socket, onLine: (text) => receiver.onLine(text), onEnd: end, idleMs: timeouts.idleMs });
  const queue = orderedQueue({ record: context.record, pause: lines.pause, resume: lines.resume, log: context.log });
  const requests = requestQueue({
    bucket: tokenBucket(credentials.pace ?? DEFAULT_RATE),
    hasLabels: () => hasCapability("labeled-response") && hasCapability("batch"),
    write: lines.write,
    responseMs: timeouts.responseMs,
    isPaused: lines.isPaused,
    isOwnNick,
    onSilence: end,
  });
  const login = registration({
    nick,
    requiresLogin: credentials.sasl !== undefined,
    secrets,
    changeNick: (next) => client.raw(`NICK ${next}`),
  });
  const channels = joinedChannels({ context, isOwnNick, fold, push: queue.push });
  const sent = sentMessages(fold, secrets);
  const ctcp = ctcpAnswers({ isOwnNick, send: (line) => sendAnswer(requests, context, line) });
  const receiver = dispatcher({
    client,
    login,
    requests,
    channels,
    isOwnNick,
    onOwnNick,
    onMessage: ctcp.take,
    onLateRefusal: (message) => recordLateRefusal(context, sent.receiptOf(message)),
  });
  publishEvents({ client, address: context.address, push: queue.push, isOwnResult: receiver.isOwnResult });
  logIn(client, credentials, nick, lines.write);

  return {
    request: requests.request,
    nick: () => client.user.nick,
    isOwnNick,
    channels,
    hasEcho: () => hasCapability("echo-message"),
    isBouncer: receiver.isBouncer,
    sentMessages: sent,
    registered: login.done,
    refusal: (messages, about) => refusalIn(messages, about, secrets),
    close: async () => {
      isEnded = true;
      requests.end(codedError("IRC_CLOSED", "The session was closed"));
      // QUIT comes first, so that the next owner finds the nick free; lines received until then still count.
      await lines.close("QUIT", CLOSE_MS);
      await queue.close(CLOSE_MS);
      client.removeAllListeners();
    },
  };
}

/** Lets the library log in. Its automatic actions afterwards (reconnect, ping, answer VERSION) are off. */
function logIn(client: IrcClient, credentials: Credentials, nick: string, write: (line: string) => void): void {
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

/** Makes the library's transport, which only writes: the dispatcher passes received lines to the library. */
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
  return function newTransport() {
    return transport;
  } as unknown as new () => IrcTransport;
}

/** Sends an answer that no caller waits for. */
function sendAnswer({ request }: RequestQueue, { signal, log }: SessionOptions["context"], line: string): void {
  request({ lines: [line], signal }).catch((err: unknown) => log.debug({ err }, "CTCP request not answered"));
}

function refusalIn(
  messages: readonly IrcMessage[],
  about: readonly string[] | undefined,
  secrets: readonly string[],
): Error | undefined {
  const refused = messages.find((message) => isRefusal(message) && (!about || concerns(message, about)));
  return refused && refusalError(refused, secrets);
}

/** Records the receipt of a refusal that came after its message counted as sent. */
function recordLateRefusal(
  { recordReceipt, log }: SessionOptions["context"],
  receipt: DeliveryReceipt | undefined,
): void {
  if (receipt === undefined) return;
  recordReceipt(receipt).catch((err: unknown) => log.warn({ err }, "late refusal could not be recorded"));
}
