import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

/** Mail as the relay took it. */
export interface RelayedMail {
  readonly mail: ParsedMail;
  /** Envelope sender; empty for a notification. */
  readonly from: string;
}

/** A mail server's own book: every mail that it took. It refuses recipients whose address begins with `nobody`. */
export interface RelayLedger {
  readonly url: string;
  readonly mails: readonly RelayedMail[];
  readonly close: () => Promise<void>;
}

/** Starts the mail server on loopback. */
export async function relayLedger(): Promise<RelayLedger> {
  const mails: RelayedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    logger: false,
    onRcptTo: ({ address }, _session, done) => {
      const refusal = Object.assign(new Error("5.1.1 No such user"), { responseCode: 550 });
      done(address.startsWith("nobody") ? refusal : null);
    },
    onData: (stream, { envelope: { mailFrom } }, done) => {
      simpleParser(stream).then((mail) => {
        mails.push({ mail, from: mailFrom === false ? "" : mailFrom.address });
        done();
      }, done);
    },
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  // Killed workers break connections, which the server reports as errors.
  server.on("error", () => undefined);
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    mails,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
