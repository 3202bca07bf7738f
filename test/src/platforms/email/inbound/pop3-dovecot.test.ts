import nodemailer from "nodemailer";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { egress } from "../../../../../src/egress/egress.ts";
import { email } from "../../../../../src/platforms/email/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../../support/connection-context.ts";
import { type TestDovecot, testDovecot } from "../../../../support/dovecot.ts";
import { mailFolder } from "../../../../support/mail-folder.ts";

const USERS = ["ann", "bob", "carl", "dora", "emil"] as const;
type User = (typeof USERS)[number];
let dovecot: TestDovecot;
let lmtp: ReturnType<typeof transport>;
const platform = email({ pop3PollMs: 100 });
const transport = () =>
  nodemailer.createTransport({ host: "127.0.0.1", port: dovecot.lmtpPort, lmtp: true, ignoreTLS: true });
const ends: Array<() => unknown> = [];

beforeAll(async () => {
  dovecot = await testDovecot(USERS);
  lmtp = transport();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  lmtp.close();
  await guard.close();
  await dovecot?.stop();
});

const credentials = (user: User, more: object = {}) => ({
  host: "127.0.0.1",
  user,
  password: `${user}-pw`,
  mailbox: {
    protocol: "pop3",
    host: "localhost",
    port: dovecot.pop3Port,
    tls: "starttls",
    ca: dovecot.tls.cert,
    ...more,
  },
});
const guard = egress({ allowPrivate: ["127.0.0.0/8"], resolve: async () => [{ address: "127.0.0.1", family: 4 }] });
/** Context of the core and the platform's connection. `stateOf` continues the state of an earlier context. */
function holding(user: User, more: object = {}, stateOf?: TestConnectionContext) {
  const context = { credentials: credentials(user, more), address: `${user}@example.test`, egress: guard };
  const connectionContext = testConnectionContext(stateOf ? { ...context, stateOf } : context);
  const client = platform.connect?.(connectionContext as never) ?? Promise.reject(new Error("Not a held platform"));
  // Errors reach the caller; without this line an early one would count as unhandled.
  client.catch(() => undefined);
  ends.push(async () => {
    connectionContext.abort();
    await client.then(
      (client) => platform.dispose?.(client),
      () => undefined,
    );
  });
  return { connectionContext, client };
}
async function connectAndCatchUp(...args: Parameters<typeof holding>): Promise<TestConnectionContext> {
  const { connectionContext, client } = holding(...args);
  await client;
  return connectionContext;
}
const deliver = (user: User, raw: string | Buffer) =>
  lmtp.sendMail({ envelope: { from: "peer@example.test", to: `${user}@example.test` }, raw });
const simple = (subject: string) => `From: peer@example.test\r\nSubject: ${subject}\r\n\r\n${subject}\r\n`;
const subjects = ({ arrivals }: TestConnectionContext) => arrivals.map(({ event }) => event.object.subject);
const withSubject = (subject: string) => (arrival: TestConnectionContext["arrivals"][number]) =>
  arrival.event.object.subject === subject;

describe("an account connection to a real Dovecot over POP3 with STLS", () => {
  it("reports new mails with dots and 8-bit characters unchanged", async () => {
    await deliver("ann", simple("before"));
    const connectionContext = await connectAndCatchUp("ann");
    const head =
      "From: J=?utf-8?q?=C3=B6?= <peer@example.test>\r\nSubject: tricky\r\nMessage-ID: <t1@example.test>\r\n";
    const type = "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    await deliver("ann", Buffer.from(`${head}${type}caf\xe9\r\n.x\r\n.\r\n..\r\nend\r\n`, "latin1"));
    const { event, key } = await connectionContext.arrived(() => true);
    expect(key).toMatch(/^pop3:[0-9a-f]{16}:\S+$/);
    expect(event).toMatchObject({
      platform: "email",
      verb: "send",
      actor: { address: "peer@example.test", name: "Jö" },
      target: [{ address: "ann@example.test" }],
      object: { id: "<t1@example.test>", subject: "tricky", body: "café\n.x\n.\n..\nend" },
      context: { type: "thread", id: "<t1@example.test>" },
    });
    expect(connectionContext.arrivals).toHaveLength(1);
  });

  it("reports mails of the meantime after a server crash", async () => {
    const first = await connectAndCatchUp("bob");
    await deliver("bob", simple("1"));
    await first.arrived(withSubject("1"));
    await dovecot.kill();
    expect(platform.classifyError(await first.ended)).toMatchObject({ kind: "retryable" });
    await dovecot.restart();
    lmtp.close();
    lmtp = transport();
    await deliver("bob", simple("2"));
    await deliver("bob", simple("3"));
    const second = await connectAndCatchUp("bob", {}, first);
    await deliver("bob", simple("4"));
    await second.arrived(withSubject("4"));
    expect(subjects(second)).toEqual(["2", "3", "4"]);
  });

  it("loses and doubles no mail when the server crashes during polls", async () => {
    const sent = Array.from({ length: 60 }, (_, at) => `m${at}`);
    let last = await connectAndCatchUp("carl");
    last.abort();
    const got: unknown[] = [];
    for (const subject of sent) await deliver("carl", simple(subject));
    for (let death = 0; death < 3; death += 1) {
      const { connectionContext, client } = holding("carl", {}, last);
      await connectionContext.arrived(withSubject(`m${got.length + 5}`));
      await dovecot.kill();
      const thrown = await client.then(
        () => expect.unreachable("The poll was over before the server died"),
        (error: unknown) => error,
      );
      expect(platform.classifyError(thrown)).toMatchObject({ kind: "retryable" });
      got.push(...subjects(connectionContext));
      last = connectionContext;
      await dovecot.restart();
    }
    got.push(...subjects(await connectAndCatchUp("carl", {}, last)));
    expect(got).toEqual(sent);
  });

  it("deletes only reported mails, and only where configured", async () => {
    const folder = mailFolder(dovecot.maildir("dora"));
    await deliver("dora", simple("stays"));
    const connectionContext = await connectAndCatchUp("dora", { deleteAfter: true });
    await deliver("dora", simple("goes"));
    await connectionContext.arrived(withSubject("goes"));
    while ((await folder.raw()).some((mail) => mail.includes("goes")))
      await new Promise((next) => setTimeout(next, 20));
    expect((await folder.raw()).map((mail) => mail.includes("stays"))).toEqual([true]);
  });

  it("publishes delivery reports of sent mails", async () => {
    const id = "01KAQ7P3Y8ZJ4M5N6P7Q8R9STV";
    const connectionContext = await connectAndCatchUp("emil");
    const parts = [
      [
        "message/delivery-status",
        "Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1",
      ],
      ["text/rfc822-headers", `Message-ID: <${id}@example.test>`],
    ].map(([type, text]) => `--x\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`);
    const head =
      "From: MAILER-DAEMON@mx\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n";
    await deliver("emil", `${head}${parts.join("")}--x--\r\n`);
    expect(await connectionContext.reported(() => true)).toMatchObject({
      id,
      status: "failed",
      target: "a@b.example",
      error: { code: "recipient-unknown" },
    });
    const { event } = await connectionContext.arrived(() => true);
    expect((event.object.email as { report: unknown }).report).toMatchObject({
      recipients: [{ address: "a@b.example", action: "failed", status: "5.1.1" }],
    });
  });

  it.each([
    ["a wrong password", { password: "not this" }, { kind: "auth", code: "credentials-invalid" }],
    ["a certificate that can't be trusted", { ca: undefined }, { kind: "permanent", code: "tls-failed" }],
    ["a name that isn't the certificate's", { host: "mail.example.test" }, { kind: "permanent", code: "tls-failed" }],
    ["a port where nobody listens", { port: 1 }, { kind: "retryable", code: "platform-unavailable" }],
  ])("reports %s", async (_name, more, failure) => {
    const thrown = await connectAndCatchUp("ann", more).then(
      () => expect.unreachable("It worked"),
      (error: unknown) => error,
    );
    expect(platform.classifyError(thrown)).toMatchObject(failure);
  });
});
