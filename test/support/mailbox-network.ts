import type { AddressInfo } from "node:net";
import nodemailer from "nodemailer";
import { SMTPServer } from "smtp-server";
import { email } from "../../src/platforms/email/platform.ts";
import type { TestNetwork } from "../contracts/connections/test-network.ts";
import { type TestDovecot, testDovecot } from "./dovecot.ts";

const PEER = "peer@example.test";

/** Dovecot server, for actions of an administrator. */
export type MailboxNetwork = TestNetwork & { readonly dovecot: TestDovecot };

/** Mailboxes over IMAP on a real Dovecot, see `mailboxWorld`. */
export function imapNetwork(): Promise<MailboxNetwork> {
  return mailboxNetwork("imap");
}

/** The same mailboxes over POP3, which is polled five times a second here. */
export function pop3Network(): Promise<TestNetwork> {
  return mailboxNetwork("pop3");
}

/**
 * Starts mailboxes on a real Dovecot. The peer's mail is delivered by LMTP; mail of the accounts reaches the peer by
 * SMTP.
 */
async function mailboxNetwork(protocol: "imap" | "pop3"): Promise<MailboxNetwork> {
  const users = Array.from({ length: 200 }, (_, n) => `user${n}`);
  const [dovecot, peer] = await Promise.all([testDovecot([...users, "wrong"]), peerServer()]);
  const mailboxPort = protocol === "imap" ? dovecot.imapPort : dovecot.pop3Port;
  const lmtp = nodemailer.createTransport({ host: "127.0.0.1", port: dovecot.lmtpPort, lmtp: true, ignoreTLS: true });
  const login = (user: string, port = mailboxPort, password = `${user}-pw`) => ({
    address: `${user}@example.test`,
    credentials: {
      host: "127.0.0.1",
      port: peer.port,
      tls: "none",
      user,
      password,
      mailbox: { protocol, host: "127.0.0.1", port, tls: "none" },
    },
  });
  return {
    dovecot,
    platform: email({ pop3PollMs: 200 }),
    account: (n) => login(`user${n}`),
    accountAt: (n, port) => login(`user${n}`, port),
    wrongLogin: login("wrong", mailboxPort, "not this one"),
    peerSends: async (n, text) => {
      await lmtp.sendMail({ from: PEER, to: `user${n}@example.test`, subject: "Hi", text });
    },
    peerReceived: peer.got,
    sendTo: (n, text) => ({
      verb: "send",
      actor: { address: `user${n}@example.test` },
      target: [{ address: PEER }],
      object: { subject: "Hi", body: text },
    }),
    keepsMissed: true,
    kill: dovecot.kill,
    restart: dovecot.restart,
    port: mailboxPort,
    close: async () => {
      lmtp.close();
      await Promise.all([dovecot.stop(), peer.stop()]);
    },
  };
}

/** Starts an SMTP server that accepts mail after a login with `<user>-pw`. */
async function peerServer() {
  const mails: string[] = [];
  const waiting = new Set<() => void>();
  const server = new SMTPServer({
    authMethods: ["PLAIN"],
    allowInsecureAuth: true,
    hideSTARTTLS: true,
    disableReverseLookup: true,
    logger: false,
    onAuth: ({ username = "", password }, _session, done) => {
      if (password === `${username}-pw`) done(null, { user: username });
      else done(Object.assign(new Error("5.7.8 No"), { responseCode: 535 }));
    },
    onData: (stream, _session, done) => {
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => {
        mails.push(Buffer.concat(parts).toString("latin1"));
        done();
        for (const wake of waiting) wake();
      });
    },
  });
  // These tests cut connections, so errors of clients are expected.
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const count = (text: string) => mails.filter((mail) => mail.includes(text)).length;
  return {
    port: (server.server.address() as AddressInfo).port,
    got: (text: string) =>
      new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(check);
          reject(new Error("The peer did not get it"));
        }, 20_000);
        const check = () => {
          if (count(text) === 0) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(count(text));
        };
        waiting.add(check);
        check();
      }),
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
