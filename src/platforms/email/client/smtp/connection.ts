import { Readable } from "node:stream";
import SMTPConnection, {
  type SMTPConnectionEnvelope,
  type SMTPConnectionOptions,
  type SMTPConnectionSendInfo,
  type SMTPEnvelopeDsn,
} from "nodemailer/lib/smtp-connection";
import XOAuth2 from "nodemailer/lib/xoauth2";

import { fault, type Watch, watcher } from "./watchdog.ts";

/** How long each stage may last, in ms. The last is what RFC 5321 section 4.5.3.2.6 gives a server to answer the final dot. */
export interface Patience {
  readonly connect: number;
  readonly greeting: number;
  readonly command: number;
  readonly dot: number;
}
export const PATIENCE: Patience = { connect: 30_000, greeting: 30_000, command: 120_000, dot: 600_000 };

/** One SMTP transaction. */
export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly bytes: Buffer;
  readonly dsn?: SMTPEnvelopeDsn;
  /** Awaited after the last byte of the body has been taken and before the final dot leaves; if it rejects, no dot leaves. */
  readonly commit: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** What the server said to a letter. `refusals` are its errors for single recipients; `error` is what ended the whole. */
export interface Posted {
  readonly refusals: ReadonlyMap<string, unknown>;
  readonly error?: unknown;
  /** What `commit` rejected with: then nothing was sent. */
  readonly withheld?: { readonly thrown: unknown };
  /** How far it got: nothing of the message read, body under way, or the final dot may have left. */
  readonly stage: "envelope" | "body" | "dot";
  readonly info?: SMTPConnectionSendInfo;
  readonly secure: boolean;
}

/** An open, logged-in SMTP connection. */
export interface Line {
  readonly post: (letter: Letter) => Promise<Posted>;
  /** How many letters it has taken. */
  readonly used: () => number;
  /** True when another letter may follow. */
  readonly healthy: () => boolean;
  readonly close: () => void;
}

/** How a line proves who it is: a password, or a token that can be renewed once when it is refused (XOAUTH2). */
export type Login =
  | { readonly user: string; readonly password: string }
  | { readonly user: string; readonly token: (renew: boolean) => Promise<string> };

/** Connects, secures and logs in. Rejects with nodemailer's error, or with what the token source threw as its `cause`. */
export async function openLine(
  options: SMTPConnectionOptions,
  login: Login | undefined,
  patience: Patience,
): Promise<Line> {
  const connection = new SMTPConnection({
    ...options,
    connectionTimeout: options.connectionTimeout ?? patience.connect,
    greetingTimeout: options.greetingTimeout ?? patience.greeting,
    // The stages below have clocks of their own; this is only the longest of them.
    socketTimeout: patience.dot + patience.command,
    socketCloseTimeout: 0,
  });
  const watch = watcher(connection);
  try {
    await watch.during(patience.connect + patience.command, (done) => connection.connect(done));
    if (login && connection.allowsAuth) {
      await watch.during(patience.command, (done) => connection.login(authOf(login), done));
    }
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
  let used = 0;
  let healthy = true;
  connection.on("end", () => {
    healthy = false;
  });
  return {
    used: () => used,
    healthy: () => healthy,
    close: () => {
      healthy = false;
      if (connection.destroyed) return;
      connection.quit();
      setTimeout(() => connection.close(), 1_000).unref();
    },
    post: async (letter) => {
      used += 1;
      const posted = await postOn(connection, watch, letter, patience);
      if (posted.error !== undefined) healthy = healthy && resettable(posted) && (await reset(connection, watch));
      if (!healthy) connection.close();
      return posted;
    },
  };
}

async function postOn(connection: SMTPConnection, watch: Watch, letter: Letter, patience: Patience): Promise<Posted> {
  const at: { stage: Posted["stage"] } = { stage: "envelope" };
  let over = false;
  let refusal: { readonly thrown: unknown } | undefined;
  async function* body(): AsyncGenerator<Buffer> {
    at.stage = "body";
    for (let from = 0; from < letter.bytes.length; from += 65_536) {
      watch.patient(patience.command);
      yield letter.bytes.subarray(from, from + 65_536);
    }
    try {
      await letter.commit();
    } catch (thrown) {
      refusal = { thrown };
    }
    // Whatever ended the work meanwhile has cut the line: then the dot can't leave any more, so it must not be said to.
    if (over || refusal) throw new Error("Not committed");
    at.stage = "dot";
    watch.patient(patience.dot);
  }
  // The connection keeps its books of the recipients in the envelope it is given.
  const envelope: Partial<SMTPConnectionEnvelope> = {
    from: letter.from,
    to: [...letter.to],
    size: letter.bytes.length,
    ...(letter.dsn === undefined ? {} : { dsn: letter.dsn }),
  };
  const stream = Readable.from(body(), { objectMode: false, highWaterMark: 1 });
  stream.on("error", () => undefined);
  const ended = (outcome: Pick<Posted, "error" | "info" | "withheld">): Posted => {
    over = true;
    // A refused sender makes the server refuse each recipient too: that says nothing about them.
    const rejected = commandOf(outcome.error) === "MAIL FROM" ? [] : (envelope.rejectedErrors ?? []);
    const refusals = rejected.map((error) => [error.recipient ?? "", error] as const);
    return { refusals: new Map(refusals), stage: at.stage, secure: connection.secure, ...outcome };
  };
  try {
    const send = (done: (error: Error | null, info?: SMTPConnectionSendInfo) => void) =>
      connection.send(envelope, stream, done);
    const info = await watch.during(patience.command, send, letter.signal);
    if (at.stage !== "dot") throw fault("EPROTOCOL", "The server answered before the message was complete");
    return ended(info ? { info } : {});
  } catch (thrown) {
    if (refusal || at.stage === "body") connection.close();
    return ended({ error: thrown, ...(refusal ? { withheld: refusal } : {}) });
  }
}

async function reset(connection: SMTPConnection, watch: Watch): Promise<boolean> {
  try {
    await watch.during(5_000, (done) => connection.reset(done));
    return true;
  } catch {
    return false;
  }
}

/** True when the server refused with a reply at its place and goes on listening (421 says that it doesn't). */
function resettable({ error, stage }: Posted): boolean {
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown };
  return stage !== "body" && (code === "EENVELOPE" || code === "EMESSAGE") && responseCode !== 421;
}

function commandOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "command" in error ? error.command : undefined;
}

function authOf(login: Login): Parameters<SMTPConnection["login"]>[0] {
  const { user } = login;
  if ("password" in login) return { user, credentials: { user, pass: login.password } };
  const oauth2 = new XOAuth2({
    user,
    // nodemailer writes its own code onto errors, so it gets a copy; the true one is the cause.
    provisionCallback: (_user, renew, done) => {
      login.token(renew).then(
        (token) => done(null, token),
        (cause: unknown) => done(new Error("No access token", { cause })),
      );
    },
  });
  return { user, oauth2 };
}
