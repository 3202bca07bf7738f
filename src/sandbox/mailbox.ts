import { randomBytes, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import type { Log } from "../model/log.ts";
import type { InboundEvent } from "../platform/platform.ts";
import { PARSING } from "../platforms/email/inbound/mail-parse.ts";
import { inboundMailEvent } from "./inbound-mail.ts";

const MAX_MAIL_BYTES = 25 * 1024 * 1024;
const APP_ID = /^[A-Za-z0-9_-]{1,128}$/;

export interface MailboxDeps {
  /** Records a caught mail for its app; the mail is accepted when the promise resolves. */
  readonly recordInbound: (app: string, arrival: InboundEvent) => Promise<unknown>;
  readonly log: Log;
}

export interface Mailbox {
  /** Relay for e-mail of actors without an account; an app logs in with its id. */
  readonly relay: { readonly sandbox: { readonly host: string; readonly port: number; readonly password: string } };
  readonly stop: () => Promise<void>;
}

/**
 * The built-in mailbox for machines that have no mail server. Catches what is sent, delivers nowhere, and gives each mail
 * back to the sending app as an inbound activity. Listens on loopback with a password that only this process knows.
 */
export async function sandboxMailbox({ recordInbound, log }: MailboxDeps): Promise<Mailbox> {
  const password = randomBytes(24).toString("base64url");
  const server = new SMTPServer({
    banner: "Dragoman sandbox mailbox",
    authMethods: ["PLAIN"],
    allowInsecureAuth: true,
    hideSTARTTLS: true,
    disableReverseLookup: true,
    size: MAX_MAIL_BYTES,
    logger: false,
    onAuth: (auth, _session, done) => {
      const app = auth.username ?? "";
      if (same(auth.password ?? "", password) && APP_ID.test(app)) done(null, { user: app });
      else done(refusal(535, "Not a login of this gateway"));
    },
    onData: (stream, session, done) => {
      caught(stream, session).then(
        () => done(null, "Caught by the sandbox mailbox"),
        (error: Error) => done(error),
      );
    },
  });
  // Clients that break off are everyday; a mail is taken or not by the reply alone.
  server.on("error", (error) => log.debug({ err: error }, "sandbox mailbox connection failed"));
  await new Promise<void>((resolve, reject) => {
    server.server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
  const { port } = server.server.address() as AddressInfo;

  async function caught(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
    const mail = await simpleParser(stream, PARSING);
    if (stream.sizeExceeded) throw refusal(552, "5.3.4 The sandbox mailbox takes up to 25 MiB");
    const key = `${session.id}-${session.transaction}`;
    try {
      await recordInbound(String(session.user), inboundMailEvent(key, mail, session.envelope));
    } catch (error) {
      log.warn({ err: error }, "sandbox mail could not be recorded; the sender retries");
      throw refusal(451, "4.3.0 Come back later");
    }
  }

  return {
    relay: { sandbox: { host: "127.0.0.1", port, password } },
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function refusal(responseCode: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode });
}

function same(given: string, right: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}
