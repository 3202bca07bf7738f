import { isRefusal, type Refusal, refusalFailure } from "./errors.ts";
import { type Pop3Stream, protocolError } from "./stream.ts";

/** Bytes of a list. At 80 bytes for a mail a list holds 200,000 mails. */
const MAX_LIST_BYTES = 16 * 1024 * 1024;

/** Commands and their answers on a connection, one at a time. */
export interface Pop3Dialog {
  readonly greeting: () => Promise<void>;
  /** Sends a command. Rejects with a refusal (see `isRefusal`) when the server answers `-ERR`. */
  readonly command: (command: string, during: Refusal["during"]) => Promise<void>;
  readonly multiLine: (command: string, maxBytes: number) => Promise<{ readonly bytes: Buffer; readonly size: number }>;
  readonly listing: (command: "CAPA" | "UIDL" | "LIST") => Promise<readonly string[]>;
  readonly capabilities: () => Promise<ReadonlyMap<string, string>>;
  readonly loginWithToken: (user: string, token: string) => Promise<void>;
}

/** Starts a dialog over the current stream, which changes when encryption starts. `secrets` are removed from errors. */
export function pop3Dialog(
  stream: () => Pop3Stream,
  timeouts: { readonly answer: number },
  secrets: readonly string[],
): Pop3Dialog {
  let marksLogins = false;

  async function reply(during: Refusal["during"]): Promise<"+OK" | "+"> {
    const line = await stream().line();
    const [, sign, text = ""] = /^(\+OK|\+|-ERR)(?:[ \t](.*))?$/.exec(line) ?? [];
    if (sign === "-ERR") throw refusalFailure({ text, during, marksLogins, secrets });
    if (sign === "+OK" || sign === "+") return sign;
    throw protocolError("The mail server does not speak POP3.");
  }
  async function expectOk(during: Refusal["during"]): Promise<void> {
    if ((await reply(during)) !== "+OK") throw protocolError("The mail server asks where it should answer.");
  }
  /** Ends the connection after an error or a timeout. The end of the running answer is unknown then. */
  async function timed<T>(work: () => Promise<T>): Promise<T> {
    const late = Object.assign(new Error("The server did not finish its answer in time"), { code: "ETIMEDOUT" });
    const clock = setTimeout(() => stream().close(late), timeouts.answer);
    try {
      return await work();
    } catch (thrown) {
      if (!isRefusal(thrown)) stream().close();
      throw thrown;
    } finally {
      clearTimeout(clock);
    }
  }
  function write(line: string): void {
    if (/[\r\n\0]/.test(line)) throw new TypeError("A POP3 line must not hold a line break");
    if (!stream().isQuiet()) throw protocolError("The mail server talks out of turn.");
    stream().write(`${line}\r\n`);
  }
  const exchange = (command: string, during: Refusal["during"]) =>
    timed(() => {
      write(command);
      return reply(during);
    });
  const multiLine: Pop3Dialog["multiLine"] = (command, maxBytes) =>
    timed(async () => {
      write(command);
      await expectOk("work");
      return stream().body(maxBytes);
    });
  const listing: Pop3Dialog["listing"] = async (command) => {
    const { bytes, size } = await multiLine(command, MAX_LIST_BYTES);
    if (size > MAX_LIST_BYTES) throw protocolError("The mail server lists more mails than a mailbox may hold.");
    return bytes.toString("latin1").split("\r\n").slice(0, -1);
  };

  return {
    greeting: () => timed(() => expectOk("login")),
    command: (command, during) =>
      timed(async () => {
        write(command);
        await expectOk(during);
      }),
    multiLine,
    listing,
    capabilities: async () => {
      const lines = await listing("CAPA").catch((thrown: unknown) => {
        if (isRefusal(thrown)) return [];
        throw thrown;
      });
      const capabilities = lines
        .slice(0, 100)
        .map((line) => [firstWord(line).toUpperCase(), line.slice(firstWord(line).length + 1)] as const);
      marksLogins = capabilities.some(([name]) => name === "AUTH-RESP-CODE");
      return new Map(capabilities);
    },
    loginWithToken: async (user, token) => {
      // In two steps, since a command is at most 255 bytes long (RFC 5034 section 4).
      const challenge = await exchange("AUTH XOAUTH2", "login");
      if (challenge === "+OK") throw protocolError("The mail server takes a login too early.");
      // The server's reasons arrive in a challenge; an empty answer then brings the refusal.
      if ((await exchange(saslOf(user, token)[0] ?? "", "login")) === "+") await exchange("", "login");
    },
  };
}

function firstWord(line: string): string {
  return line.split(" ", 1)[0] ?? "";
}

/** Returns the encoded forms in which a token (XOAUTH2) and a password are sent. */
export function saslOf(user: string, secret: string): readonly string[] {
  return [`user=${user}\u0001auth=Bearer ${secret}\u0001\u0001`, secret].map((text) =>
    Buffer.from(text).toString("base64"),
  );
}
