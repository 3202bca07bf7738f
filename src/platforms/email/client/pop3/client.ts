import { Failure } from "../../../../model/failure.ts";
import { startTls } from "../../../../platform/kit/start-tls.ts";
import type { MailboxEndpoint } from "../mailbox-endpoint.ts";
import { type Pop3Dialog, pop3Dialog, saslOf } from "./commands.ts";
import { pop3Stream, protocolError } from "./stream.ts";

/** Time limits in ms: for connecting, for a server's silence, and for a single answer. */
export interface Pop3Timeouts {
  readonly connect: number;
  readonly silence: number;
  readonly answer: number;
}
export const POP3_TIMEOUTS: Pop3Timeouts = { connect: 30_000, silence: 60_000, answer: 600_000 };

/** Address, login and time limits of a POP3 mailbox. */
export interface Pop3Endpoint extends MailboxEndpoint {
  readonly timeouts: Pop3Timeouts;
}

/** First bytes of a mail, and the size of the whole. */
export interface Pop3Content {
  readonly bytes: Buffer;
  readonly size: number;
}

/** An open mailbox, locked for other programs until `quit`. Commands run one at a time and reject with a `Failure`. */
export interface Pop3Client {
  /** Server capabilities in capitals with their parameters (RFC 2449); empty for a server without CAPA. */
  readonly capabilities: ReadonlyMap<string, string>;
  /** Lasting ids of the mails by their number in this session. */
  readonly uidl: () => Promise<ReadonlyMap<number, string>>;
  /** Sizes of the mails in bytes by their number. */
  readonly list: () => Promise<ReadonlyMap<number, number>>;
  /** Reads a mail's first bytes exactly as the server stores them. */
  readonly retr: (mail: number, maxBytes: number) => Promise<Pop3Content>;
  /** Reads a mail's header and some lines of the body. */
  readonly top: (mail: number, lines: number, maxBytes: number) => Promise<Pop3Content>;
  /** Marks a mail for deletion, which happens with `quit`. */
  readonly dele: (mail: number) => Promise<void>;
  /** Ends the session; the marked mails are deleted when the promise resolves. */
  readonly quit: () => Promise<void>;
  readonly close: () => void;
}

/**
 * Opens a mailbox over POP3 (RFC 1939, 2449, 2595, 5034) through the egress guard. A refused token is renewed once. Rejects
 * with a `Failure` or with Node's own error of the connection.
 */
export async function openPop3(endpoint: Pop3Endpoint, signal: AbortSignal): Promise<Pop3Client> {
  const { login } = endpoint;
  if ("password" in login) return openOnce(endpoint, signal, login.password);
  try {
    return await openOnce(endpoint, signal, await login.token(false));
  } catch (thrown) {
    if (!(thrown instanceof Failure && thrown.kind === "auth")) throw thrown;
    return openOnce(endpoint, signal, await login.token(true));
  }
}

async function openOnce(endpoint: Pop3Endpoint, signal: AbortSignal, secret: string): Promise<Pop3Client> {
  const { host, port, tls, ca, login, timeouts } = endpoint;
  const plain = await endpoint.connect(host, port, { timeoutMs: timeouts.connect, signal });
  let stream = pop3Stream(tls === "implicit" ? startTls(plain, { host, ca }) : plain, timeouts.silence);
  const close = () => stream.close();
  const abort = () => stream.close(signal.reason instanceof Error ? signal.reason : undefined);
  signal.addEventListener("abort", abort, { once: true });
  const dialog = pop3Dialog(() => stream, timeouts, [secret, ...saslOf(login.user, secret)]);
  try {
    if (signal.aborted) throw signal.reason;
    await dialog.greeting();
    if (tls === "starttls") {
      await dialog.command("STLS", "tls");
      if (!stream.isQuiet()) throw protocolError("The mail server sends text before encryption is on.");
      stream = pop3Stream(startTls(stream.release(), { host, ca }), timeouts.silence);
    }
    const capabilities = await dialog.capabilities();
    if ("password" in login) {
      await dialog.command(`USER ${login.user}`, "login");
      await dialog.command(`PASS ${secret}`, "login");
    } else {
      await dialog.loginWithToken(login.user, secret);
    }
    return {
      ...commandsOver(dialog),
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

function commandsOver(dialog: Pop3Dialog): Omit<Pop3Client, "capabilities" | "close"> {
  return {
    uidl: async () =>
      numbered(await dialog.listing("UIDL"), (text) => (/^[\x21-\x7e]{1,512}$/.test(text) ? text : undefined)),
    list: async () =>
      numbered(await dialog.listing("LIST"), (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined)),
    retr: (mail, maxBytes) => dialog.multiLine(`RETR ${mail}`, maxBytes),
    top: (mail, lines, maxBytes) => dialog.multiLine(`TOP ${mail} ${lines}`, maxBytes),
    dele: async (mail) => {
      await dialog.command(`DELE ${mail}`, "work");
    },
    quit: async () => {
      await dialog.command("QUIT", "work");
    },
  };
}

function numbered<T>(lines: readonly string[], read: (text: string) => T | undefined): ReadonlyMap<number, T> {
  const values = new Map<number, T>();
  for (const line of lines) {
    const [, number = "", text = ""] = /^(\d{1,9}) +(\S+)/.exec(line) ?? [];
    const value = read(text);
    if (value === undefined) throw protocolError("The mail server's list of mails makes no sense.");
    values.set(Number(number), value);
  }
  return values;
}
