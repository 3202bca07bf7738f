import { Failure } from "../../../../model/failure.ts";
import { startTls } from "../../../../platform/kit/start-tls.ts";
import type { Egress } from "../../../../platform/platform.ts";
import type { Login } from "../smtp/connection.ts";
import { type Conversation, conversation, saslOf } from "./commands.ts";
import { odd, pop3Stream } from "./stream.ts";

/** How long a connection may take, a server may say nothing, and one answer may last, in ms. */
export interface Pop3Patience {
  readonly connect: number;
  readonly silence: number;
  readonly answer: number;
}
export const POP3_PATIENCE: Pop3Patience = { connect: 30_000, silence: 60_000, answer: 600_000 };

/** Where a mailbox is and how to get in. */
export interface Pop3Way {
  readonly connect: Egress["connect"];
  readonly host: string;
  readonly port: number;
  /** `starttls` is demanded: without it nothing is said. */
  readonly tls: "implicit" | "starttls" | "none";
  readonly ca?: string | undefined;
  readonly login: Login;
  readonly patience: Pop3Patience;
}

/** A mailbox that is open, and locked for others, until `quit`. One command at a time; a `Failure` says what is wrong. */
export interface Pop3 {
  /** Names of what the server can do (RFC 2449), in capitals, with their parameters; empty where it can't say. */
  readonly capabilities: ReadonlyMap<string, string>;
  /** The mails' lasting ids by their number in this session. */
  readonly uidl: () => Promise<ReadonlyMap<number, string>>;
  /** The mails' sizes in bytes by their number. */
  readonly list: () => Promise<ReadonlyMap<number, number>>;
  /** A mail's first `most` bytes exactly as the server has them. */
  readonly retr: (mail: number, most: number) => Promise<{ readonly bytes: Buffer; readonly size: number }>;
  /** A mail's header and some lines of it. */
  readonly top: (
    mail: number,
    lines: number,
    most: number,
  ) => Promise<{ readonly bytes: Buffer; readonly size: number }>;
  /** Marks a mail for deletion, which happens with `quit`. */
  readonly dele: (mail: number) => Promise<void>;
  /** Ends the session; what was marked is deleted when this resolves. */
  readonly quit: () => Promise<void>;
  readonly close: () => void;
}

/**
 * Opens a mailbox over POP3 (RFC 1939, 2449, 2595, 5034) through the egress guard. A token that is refused is renewed once.
 * Rejects with a `Failure` or with Node's own error of the connection.
 */
export async function openPop3(way: Pop3Way, signal: AbortSignal): Promise<Pop3> {
  const { login } = way;
  if ("password" in login) return opened(way, signal, login.password);
  try {
    return await opened(way, signal, await login.token(false));
  } catch (thrown) {
    if (!(thrown instanceof Failure && thrown.code === "credentials-invalid")) throw thrown;
    return opened(way, signal, await login.token(true));
  }
}

async function opened(way: Pop3Way, signal: AbortSignal, secret: string): Promise<Pop3> {
  const { host, port, tls, ca, login, patience } = way;
  const plain = await way.connect(host, port, { timeoutMs: patience.connect, signal });
  let stream = pop3Stream(tls === "implicit" ? startTls(plain, { host, ca }) : plain, patience.silence);
  const close = () => stream.close();
  const abort = () => stream.close(signal.reason instanceof Error ? signal.reason : undefined);
  signal.addEventListener("abort", abort, { once: true });
  const talk = conversation(() => stream, patience, [secret, ...saslOf(login.user, secret)]);
  try {
    if (signal.aborted) throw signal.reason;
    await talk.greeting();
    if (tls === "starttls") {
      await talk.ask("STLS", "tls");
      if (!stream.quiet()) throw odd("The mail server talks before encryption is on.");
      stream = pop3Stream(startTls(stream.release(), { host, ca }), patience.silence);
    }
    const capabilities = await talk.capabilities();
    if ("password" in login) {
      await talk.ask(`USER ${login.user}`, "login");
      await talk.ask(`PASS ${secret}`, "login");
    } else {
      await talk.token(login.user, secret);
    }
    return {
      ...session(talk),
      capabilities,
      close: () => {
        signal.removeEventListener("abort", abort);
        close();
      },
    };
  } catch (thrown) {
    signal.removeEventListener("abort", abort);
    close();
    throw thrown;
  }
}

function session(talk: Conversation): Omit<Pop3, "capabilities" | "close"> {
  return {
    uidl: async () =>
      numbered(await talk.listing("UIDL"), (word) => (/^[\x21-\x7e]{1,512}$/.test(word) ? word : undefined)),
    list: async () =>
      numbered(await talk.listing("LIST"), (word) => (/^\d{1,15}$/.test(word) ? Number(word) : undefined)),
    retr: (mail, most) => talk.multi(`RETR ${mail}`, most),
    top: (mail, lines, most) => talk.multi(`TOP ${mail} ${lines}`, most),
    dele: async (mail) => {
      await talk.ask(`DELE ${mail}`, "work");
    },
    quit: async () => {
      await talk.ask("QUIT", "work");
    },
  };
}

function numbered<T>(lines: readonly string[], read: (word: string) => T | undefined): ReadonlyMap<number, T> {
  const found = new Map<number, T>();
  for (const line of lines) {
    const [, number = "", text = ""] = /^(\d{1,9}) +(\S+)/.exec(line) ?? [];
    const value = read(text);
    if (value === undefined) throw odd("The mail server's list of mails makes no sense.");
    found.set(Number(number), value);
  }
  return found;
}
