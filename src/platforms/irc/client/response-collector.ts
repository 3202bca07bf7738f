import type { IrcMessage } from "irc-framework";
import { fault } from "./coded-error.ts";
import type { Answered } from "./request-queue.ts";

/** Messages of one answer that are kept. */
const KEPT_MOST = 5_000;
/** However slowly a server goes on answering, it ends. */
const LONGEST_MS = 300_000;

export interface AnswerSettings {
  readonly lines: readonly string[];
  readonly labelled: boolean;
  /** How long the server may be silent. */
  readonly patienceMs: number;
  /** Whether we are the ones who don't listen at the moment. */
  readonly paused: () => boolean;
  readonly isOwn: (nick: string) => boolean;
  /** Told when the server does not answer at all: the connection is of no use any more. */
  readonly onSilence: (thrown: unknown) => void;
}

/** Gathers what the server says to some lines of ours. */
export interface Answer {
  /** What to send: with labels, or with a PING behind them whose PONG ends the answer. */
  readonly lines: readonly string[];
  /** Told with each line that goes out: the server's time begins anew. */
  readonly said: () => void;
  readonly take: (message: IrcMessage) => boolean;
  readonly done: Promise<Answered>;
  /** Undefined: nobody waits any more. */
  readonly end: (thrown: unknown) => void;
}

let made = 0;

/** Waits for the answer to `lines`: by labels (IRCv3 labeled-response) where the server has them, else until the PONG after them. */
export function answer({ lines, labelled, patienceMs, paused, isOwn, onSilence }: AnswerSettings): Answer {
  made += 1;
  const token = `dgm${made.toString(36)}`;
  const marks = lines.map((_, index) => `${token}.${index}`);
  const gate = labelled ? byLabel(new Set(marks)) : byPong(token, lines, isOwn);
  const messages: IrcMessage[] = [];
  let began = 0;
  let heard = 0;
  let cut = false;
  let timer: NodeJS.Timeout | undefined;
  let resolve: (answered: Answered) => void = () => undefined;
  let reject: (thrown: unknown) => void = () => undefined;
  const done = new Promise<Answered>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  done.catch(() => undefined);

  function watch(): void {
    const now = performance.now();
    if (paused() && now - began < LONGEST_MS) heard = now;
    if (now - heard < patienceMs && now - began < LONGEST_MS) return;
    const thrown = fault("ETIMEDOUT", "The server did not answer");
    end(thrown);
    onSilence(thrown);
  }

  function end(thrown: unknown): void {
    clearInterval(timer);
    if (thrown === undefined) resolve({ messages, cut });
    else reject(thrown);
  }

  return {
    lines: labelled ? lines.map((line, index) => `@label=${marks[index]} ${line}`) : [...lines, `PING :${token}`],
    done,
    end,
    said: () => {
      heard = performance.now();
      if (timer) return;
      began = heard;
      timer = setInterval(watch, Math.min(1_000, patienceMs));
    },
    take: (message) => {
      const fit = gate(message);
      if (fit === "other") return false;
      heard = performance.now();
      if (messages.length < KEPT_MOST) messages.push(message);
      else cut = true;
      if (fit === "last") end(undefined);
      return true;
    },
  };
}

/** Whether a message belongs to the answer, and whether it is its last. */
type Gate = (message: IrcMessage) => "other" | "part" | "last";

/** Batches that one answer may open: a hostile server could open any number. */
const BATCHES_MOST = 100;

/** Each line is answered by one message with its label, or by a batch with it. */
function byLabel(open: Set<string>): Gate {
  /** Open batches; the outermost of an answer has its label. */
  const batches = new Map<string, string | undefined>();
  const answered = (label: string | undefined): "part" | "last" =>
    label !== undefined && open.delete(label) && open.size === 0 ? "last" : "part";

  function batch(reference: string, label: string | undefined, within: boolean): "other" | "part" | "last" {
    const id = reference.slice(1);
    if (reference.startsWith("-")) {
      if (!batches.has(id)) return "other";
      const ended = batches.get(id);
      batches.delete(id);
      return answered(ended);
    }
    if (!within && label === undefined) return "other";
    if (batches.size < BATCHES_MOST) batches.set(id, label);
    return "part";
  }

  return ({ command, params, tags }) => {
    const within = tags.batch !== undefined && batches.has(tags.batch);
    const label = tags.label !== undefined && open.has(tags.label) ? tags.label : undefined;
    if (command === "BATCH") return batch(params[0] ?? "", label, within);
    if (within) return "part";
    return label === undefined ? "other" : answered(label);
  };
}

/** Everything that is about us until the PONG: replies by number, and the server's copies of what we did. */
function byPong(token: string, lines: readonly string[], isOwn: (nick: string) => boolean): Gate {
  const commands = new Set(lines.map((line) => line.split(" ", 1)[0]));
  return ({ command, params, nick }) => {
    if (command === "PONG" && params.at(-1) === token) return "last";
    if (/^\d\d\d$/.test(command) || command === "FAIL") return "part";
    if (!commands.has(command) || !isOwn(nick)) return "other";
    if (command !== "PRIVMSG" && command !== "NOTICE") return "part";
    const [target = "", text = ""] = params;
    return lines.some((line) => line === `${command} ${target} :${text}`) ? "part" : "other";
  };
}
