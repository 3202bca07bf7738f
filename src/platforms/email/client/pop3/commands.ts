import { isRefusal, type Refused, refusalOf } from "./errors.ts";
import { odd, type Pop3Stream } from "./stream.ts";

/** Bytes of a list; at 80 for a mail it holds 200,000 of them. */
const LISTED = 16 * 1024 * 1024;

/** Commands and their answers on one connection, one at a time. */
export interface Conversation {
  readonly greeting: () => Promise<void>;
  /** Rejects with a `Failure` that is a refusal, see `isRefusal`, when the server says no. */
  readonly ask: (command: string, during: Refused["during"]) => Promise<void>;
  readonly multi: (command: string, most: number) => Promise<{ readonly bytes: Buffer; readonly size: number }>;
  readonly listing: (command: "CAPA" | "UIDL" | "LIST") => Promise<readonly string[]>;
  readonly capabilities: () => Promise<ReadonlyMap<string, string>>;
  readonly token: (user: string, token: string) => Promise<void>;
}

/** Speaks over the stream of the moment: it changes when encryption starts. `secrets` never show in what the server says. */
export function conversation(
  stream: () => Pop3Stream,
  patience: { readonly answer: number },
  secrets: readonly string[],
): Conversation {
  let marksLogins = false;

  async function reply(during: Refused["during"]): Promise<"+OK" | "+"> {
    const line = await stream().line();
    const [, sign, words = ""] = /^(\+OK|\+|-ERR)(?:[ \t](.*))?$/.exec(line) ?? [];
    if (sign === "-ERR") throw refusalOf({ words, during, marksLogins, secrets });
    if (sign === "+OK" || sign === "+") return sign;
    throw odd("The mail server does not speak POP3.");
  }
  async function agreed(during: Refused["during"]): Promise<void> {
    if ((await reply(during)) !== "+OK") throw odd("The mail server asks where it should answer.");
  }
  /** Whatever is wrong within, or not over in time, ends the connection, since nobody knows where its answers would end. */
  async function timed<T>(work: () => Promise<T>): Promise<T> {
    const late = Object.assign(new Error("The server did not finish its answer in time"), { code: "ETIMEDOUT" });
    const clock = setTimeout(() => stream().close(late), patience.answer);
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
    if (!stream().quiet()) throw odd("The mail server talks out of turn.");
    stream().write(`${line}\r\n`);
  }
  const exchange = (command: string, during: Refused["during"]) =>
    timed(() => {
      write(command);
      return reply(during);
    });
  const multi: Conversation["multi"] = (command, most) =>
    timed(async () => {
      write(command);
      await agreed("work");
      return stream().body(most);
    });
  const listing: Conversation["listing"] = async (command) => {
    const { bytes, size } = await multi(command, LISTED);
    if (size > LISTED) throw odd("The mail server lists more mails than a mailbox may hold.");
    return bytes.toString("latin1").split("\r\n").slice(0, -1);
  };

  return {
    greeting: () => timed(() => agreed("login")),
    ask: (command, during) =>
      timed(async () => {
        write(command);
        await agreed(during);
      }),
    multi,
    listing,
    capabilities: async () => {
      const lines = await listing("CAPA").catch((thrown: unknown) => {
        if (isRefusal(thrown)) return [];
        throw thrown;
      });
      const known = lines
        .slice(0, 100)
        .map((line) => [word(line).toUpperCase(), line.slice(word(line).length + 1)] as const);
      marksLogins = known.some(([name]) => name === "AUTH-RESP-CODE");
      return new Map(known);
    },
    token: async (user, token) => {
      // In two steps, since a command is at most 255 bytes long (RFC 5034 section 4).
      if ((await exchange("AUTH XOAUTH2", "login")) === "+OK") throw odd("The mail server takes a login too early.");
      // The server's reasons are in a challenge of its own; an empty answer brings its refusal.
      if ((await exchange(saslOf(user, token)[0] ?? "", "login")) === "+") await exchange("", "login");
    },
  };
}

function word(line: string): string {
  return line.split(" ", 1)[0] ?? "";
}

/** The forms in which a token (XOAUTH2) and a password go over the wire. */
export function saslOf(user: string, secret: string): readonly string[] {
  return [`user=${user}\u0001auth=Bearer ${secret}\u0001\u0001`, secret].map((text) =>
    Buffer.from(text).toString("base64"),
  );
}
