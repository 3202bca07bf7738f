import { Readable } from "node:stream";
import SMTPConnection, {
  type SMTPConnectionEnvelope,
  type SMTPConnectionOptions,
  type SMTPConnectionSendInfo,
  type SMTPEnvelopeDsn,
} from "nodemailer/lib/smtp-connection";
import XOAuth2 from "nodemailer/lib/xoauth2";
import type { Login } from "../../credentials.ts";
import type { SmtpTimeouts } from "./timeouts.ts";
import { codedError, type Watchdog, watchdog } from "./watchdog.ts";

/** Message and envelope of an SMTP transaction. */
export interface OutgoingMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The message in pieces. */
  readonly message: readonly Buffer[];
  readonly dsn?: SMTPEnvelopeDsn;
  /** Awaited between the last byte of the body and the final dot. If the promise rejects, no dot is sent. */
  readonly commit: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Outcome of an SMTP transaction. */
export interface SendResult {
  /** Errors for single recipients, by address. */
  readonly refusals: ReadonlyMap<string, unknown>;
  /** Error that ended the whole transaction. */
  readonly error?: unknown;
  /** Rejection of `commit`: then nothing was sent. */
  readonly notCommitted?: { readonly thrown: unknown };
  /** Progress of the message: nothing sent, body under way, or the final dot possibly sent. */
  readonly stage: "envelope" | "body" | "dot";
  readonly info?: SMTPConnectionSendInfo;
  readonly secure: boolean;
}

/** An open, logged-in SMTP connection. */
export interface SmtpConnection {
  readonly send: (mail: OutgoingMail) => Promise<SendResult>;
  /** Number of mails sent over this connection. */
  readonly mailCount: () => number;
  /** True when another mail may follow. */
  readonly isHealthy: () => boolean;
  readonly close: () => void;
}

/** Connects, secures and logs in. Rejects with nodemailer's error, or with the token source's error as `cause`. */
export async function openSmtp(
  options: SMTPConnectionOptions,
  login: Login | undefined,
  timeouts: SmtpTimeouts,
): Promise<SmtpConnection> {
  const connection = new SMTPConnection({
    ...options,
    connectionTimeout: options.connectionTimeout ?? timeouts.connect,
    greetingTimeout: options.greetingTimeout ?? timeouts.greeting,
    // The stages below have clocks of their own; this is only the longest of them.
    socketTimeout: timeouts.dot + timeouts.command,
    socketCloseTimeout: 0,
  });
  const guarded = watchdog(connection);
  try {
    await guarded.guard(timeouts.connect + timeouts.command, (done) => connection.connect(done));
    if (login && connection.allowsAuth) {
      await guarded.guard(timeouts.command, (done) => connection.login(authOf(login), done));
    }
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
  let mailCount = 0;
  let isHealthy = true;
  connection.on("end", () => {
    isHealthy = false;
  });
  return {
    mailCount: () => mailCount,
    isHealthy: () => isHealthy,
    close: () => {
      isHealthy = false;
      if (connection.destroyed) return;
      connection.quit();
      setTimeout(() => connection.close(), 1_000).unref();
    },
    send: async (mail) => {
      mailCount += 1;
      const result = await sendOn(connection, guarded, mail, timeouts);
      if (result.error !== undefined) isHealthy = isHealthy && canReset(result) && (await reset(connection, guarded));
      if (!isHealthy) connection.close();
      return result;
    },
  };
}

/** State of a transaction. Shared by the body's stream and the code that waits for the result. */
interface Transaction {
  stage: SendResult["stage"];
  isOver: boolean;
  refusedCommit?: { readonly thrown: unknown };
}

async function sendOn(
  connection: SMTPConnection,
  guarded: Watchdog,
  mail: OutgoingMail,
  timeouts: SmtpTimeouts,
): Promise<SendResult> {
  const transaction: Transaction = { stage: "envelope", isOver: false };
  // nodemailer records the refused recipients in the envelope object that is passed in.
  const envelope: Partial<SMTPConnectionEnvelope> = {
    from: mail.from,
    to: [...mail.to],
    size: mail.message.reduce((sum, { length }) => sum + length, 0),
    ...(mail.dsn === undefined ? {} : { dsn: mail.dsn }),
  };
  const body = bodyOf(mail, transaction, guarded, timeouts);
  const stream = Readable.from(body, { objectMode: false, highWaterMark: 1 });
  stream.on("error", () => undefined);
  const ended = (outcome: Pick<SendResult, "error" | "info" | "notCommitted">): SendResult => {
    transaction.isOver = true;
    // After a refused sender the server refuses each recipient too, which says nothing about the recipients.
    const rejected = commandOf(outcome.error) === "MAIL FROM" ? [] : (envelope.rejectedErrors ?? []);
    const refusals = rejected.map((error) => [error.recipient ?? "", error] as const);
    return { refusals: new Map(refusals), stage: transaction.stage, secure: connection.secure, ...outcome };
  };
  try {
    const send = (done: (error: Error | null, info?: SMTPConnectionSendInfo) => void) =>
      connection.send(envelope, stream, done);
    const info = await guarded.guard(timeouts.command, send, mail.signal);
    if (transaction.stage !== "dot") {
      throw codedError("EPROTOCOL", "The server answered before the message was complete");
    }
    return ended(info ? { info } : {});
  } catch (thrown) {
    const { refusedCommit, stage } = transaction;
    if (refusedCommit || stage === "body") connection.close();
    return ended({ error: thrown, ...(refusedCommit ? { notCommitted: refusedCommit } : {}) });
  }
}

/** Yields the message in blocks and commits after the last block. Nodemailer sends the dot when the stream ends. */
async function* bodyOf(
  mail: OutgoingMail,
  transaction: Transaction,
  guarded: Watchdog,
  timeouts: SmtpTimeouts,
): AsyncGenerator<Buffer> {
  transaction.stage = "body";
  for (const piece of mail.message) {
    for (let from = 0; from < piece.length; from += 65_536) {
      guarded.restartClock(timeouts.command);
      yield piece.subarray(from, from + 65_536);
    }
  }
  try {
    await mail.commit();
  } catch (thrown) {
    transaction.refusedCommit = { thrown };
  }
  // If the work ended meanwhile, the connection was cut and no dot can leave: then the stage must stay "body".
  if (transaction.isOver || transaction.refusedCommit) throw new Error("Not committed");
  transaction.stage = "dot";
  guarded.restartClock(timeouts.dot);
}

async function reset(connection: SMTPConnection, guarded: Watchdog): Promise<boolean> {
  try {
    await guarded.guard(5_000, (done) => connection.reset(done));
    return true;
  } catch {
    return false;
  }
}

/** True when the server refused by a regular reply and still listens. Reply 421 announces a closed connection. */
function canReset({ error, stage }: SendResult): boolean {
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
    // nodemailer writes a code of its own onto errors, so nodemailer gets a copy; the true error is the cause.
    provisionCallback: (_user, renew, done) => {
      login.token(renew).then(
        (token) => done(null, token),
        (cause: unknown) => done(new Error("No access token", { cause })),
      );
    },
  });
  return { user, oauth2 };
}
