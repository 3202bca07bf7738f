import type { IrcMessage } from "irc-framework";
import { codedError } from "./coded-error.ts";

/** Messages kept of one response. */
const MAX_MESSAGES = 5_000;
/** Upper limit for a response, however slowly the server answers. */
const MAX_RESPONSE_MS = 300_000;

/** Messages by which the server answered some lines. */
export interface IrcResponse {
  readonly messages: readonly IrcMessage[];
  /** True when more messages came than are kept. */
  readonly truncated: boolean;
}

export interface ResponseCollectorOptions {
  readonly lines: readonly string[];
  /** True where the server repeats labels (IRCv3 labeled-response). */
  readonly usesLabels: boolean;
  /** Milliseconds the server may be silent. */
  readonly responseMs: number;
  /** Returns whether reading is paused on our side. */
  readonly isPaused: () => boolean;
  readonly isOwnNick: (nick: string) => boolean;
  /** Called when the server does not answer at all; the connection is then useless. */
  readonly onSilence: (thrown: unknown) => void;
}

/** Collects the server's response to some lines. */
export interface ResponseCollector {
  /** Lines to send: with labels, or with a final PING whose PONG ends the response. */
  readonly lines: readonly string[];
  /** The lines without label or PING. */
  readonly commands: readonly string[];
  /** Called with each sent line: the server's time starts again. */
  readonly onSent: () => void;
  /** Offers a message; returns true where the message belongs to the response. */
  readonly take: (message: IrcMessage) => boolean;
  readonly done: Promise<IrcResponse>;
  /** Ends the collection; undefined resolves, an error rejects. */
  readonly end: (thrown: unknown) => void;
}

let collectorCount = 0;

/** Creates a collector: by labels where the server supports labels, else until the PONG. */
export function responseCollector(options: ResponseCollectorOptions): ResponseCollector {
  const { lines, usesLabels, responseMs, isPaused, isOwnNick, onSilence } = options;
  collectorCount += 1;
  const token = `dgm${collectorCount.toString(36)}`;
  const labels = lines.map((_, index) => `${token}.${index}`);
  const match = usesLabels ? matchLabels(new Set(labels)) : matchUntilPong(token, lines, isOwnNick);
  const messages: IrcMessage[] = [];
  let startedAt = 0;
  let receivedAt = 0;
  let truncated = false;
  let timer: NodeJS.Timeout | undefined;
  const { promise: done, resolve, reject } = deferred<IrcResponse>();
  done.catch(() => undefined);

  function checkSilence(): void {
    const now = performance.now();
    const isInTime = now - startedAt < MAX_RESPONSE_MS;
    if (isPaused() && isInTime) receivedAt = now;
    if (now - receivedAt < responseMs && isInTime) return;
    const thrown = codedError("ETIMEDOUT", "The server did not answer");
    end(thrown);
    onSilence(thrown);
  }

  function end(thrown: unknown): void {
    clearInterval(timer);
    if (thrown === undefined) resolve({ messages, truncated });
    else reject(thrown);
  }

  return {
    lines: usesLabels ? lines.map((line, index) => `@label=${labels[index]} ${line}`) : [...lines, `PING :${token}`],
    commands: lines,
    done,
    end,
    onSent: () => {
      receivedAt = performance.now();
      if (timer) return;
      startedAt = receivedAt;
      timer = setInterval(checkSilence, Math.min(1_000, responseMs));
    },
    take: (message) => {
      const position = match(message);
      if (position === "other") return false;
      receivedAt = performance.now();
      if (messages.length < MAX_MESSAGES) messages.push(message);
      else truncated = true;
      if (position === "last") end(undefined);
      return true;
    },
  };
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (thrown: unknown) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Position of a message: outside the response, part of the response, or its end. */
type Position = "other" | "part" | "last";
type Matcher = (message: IrcMessage) => Position;

/** Batches that a response may open; a hostile server could open any number. */
const MAX_BATCHES = 100;

/** Matches by label: each line is answered by a labelled message or batch. */
function matchLabels(open: Set<string>): Matcher {
  /** Open batches; the outermost batch of a response has the label. */
  const batches = new Map<string, string | undefined>();
  const closeLabel = (label: string | undefined): Position =>
    label !== undefined && open.delete(label) && open.size === 0 ? "last" : "part";

  function matchBatch(reference: string, label: string | undefined, isInside: boolean): Position {
    const id = reference.slice(1);
    if (reference.startsWith("-")) {
      if (!batches.has(id)) return "other";
      const ended = batches.get(id);
      batches.delete(id);
      return closeLabel(ended);
    }
    if (!isInside && label === undefined) return "other";
    if (batches.size < MAX_BATCHES) batches.set(id, label);
    return "part";
  }

  return ({ command, params, tags }) => {
    const isInside = tags.batch !== undefined && batches.has(tags.batch);
    const label = tags.label !== undefined && open.has(tags.label) ? tags.label : undefined;
    if (command === "BATCH") return matchBatch(params[0] ?? "", label, isInside);
    if (isInside) return "part";
    return label === undefined ? "other" : closeLabel(label);
  };
}

/** Matches until the PONG: numeric replies, and the server's copies of our own commands. */
function matchUntilPong(token: string, lines: readonly string[], isOwnNick: (nick: string) => boolean): Matcher {
  const commands = new Set(lines.map((line) => line.split(" ", 1)[0]));
  return ({ command, params, nick }) => {
    if (command === "PONG" && params.at(-1) === token) return "last";
    if (/^\d\d\d$/.test(command) || command === "FAIL") return "part";
    if (!commands.has(command) || !isOwnNick(nick)) return "other";
    if (command !== "PRIVMSG" && command !== "NOTICE") return "part";
    const [target = "", text = ""] = params;
    return lines.some((line) => line === `${command} ${target} :${text}`) ? "part" : "other";
  };
}
