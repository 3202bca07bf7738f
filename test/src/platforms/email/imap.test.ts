import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConnectedMailbox } from "../../../../src/platforms/email/inbound/imap-mailbox.ts";
import { email } from "../../../../src/platforms/email/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../support/connection-context.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";
import { type TestMail, testMail } from "../../../support/postfix.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { testMailActivity } from "../../../support/verb-context.ts";

let server: TestMail;
const guard = loopbackEgress();
const platform = email({});
const clients: ConnectedMailbox[] = [];

const credentials = (user = "bob", password = `${user}-pw`) => ({
  host: "127.0.0.1",
  port: server.port,
  ca: server.ca,
  user,
  password,
  mailbox: { protocol: "imap", host: "127.0.0.1", port: server.dovecot.imapPort, tls: "starttls", ca: server.ca },
});
const contextOf = (overrides: Partial<TestConnectionContext> & { readonly stateOf?: TestConnectionContext } = {}) =>
  testConnectionContext({ address: "bob@example.test", egress: guard, credentials: credentials(), ...overrides });

async function connectMailbox(connectionContext: TestConnectionContext): Promise<ConnectedMailbox> {
  const client = (await platform.connect?.(connectionContext)) as ConnectedMailbox;
  clients.push(client);
  return client;
}
/** Sends as alice to bob and answers with the Message-ID. */
async function mailed(subject: string, object: object = {}, to = "bob"): Promise<string> {
  const activity = testMailActivity({
    actor: { address: "alice@example.test", name: "Alice" },
    target: [{ address: `${to}@example.test` }],
    object: { subject, body: `body of ${subject}`, ...object },
  });
  // Without a login: Postfix needs a while to find Dovecot again after a crash.
  const context = { credentials: { host: "127.0.0.1", port: server.port, ca: server.ca }, egress: guard };
  const receipt = await runOnce(platform, activity, context);
  return String(receipt.object?.id);
}
const subjects = (connectionContext: TestConnectionContext) =>
  connectionContext.arrivals.map(({ event }) => event.object.subject);
const bySubject = (subject: string) => (arrival: TestConnectionContext["arrivals"][number]) =>
  arrival.event.object.subject === subject;

beforeAll(async () => {
  server = await testMail();
});
afterAll(async () => {
  for (const client of clients) await platform.dispose?.(client);
  await server?.stop();
  await guard.close();
});

describe("an account connection to a real Dovecot over IMAP", () => {
  it("reports a new mail once with its fields, and no earlier mail", async () => {
    await mailed("before");
    await server.inbox("bob").find(({ subject }) => subject === "before");
    const connectionContext = contextOf();
    await connectMailbox(connectionContext);
    const id = await mailed("first", { html: "<p>hello</p>", inReplyTo: "<parent@example.test>" });
    const { event, key, state: note } = await connectionContext.arrived(bySubject("first"));
    expect(event).toMatchObject({
      platform: "email",
      verb: "send",
      actor: { address: "alice@example.test", name: "Alice" },
      target: [{ address: "bob@example.test", field: "to" }],
      object: { id, subject: "first", body: "body of first", html: "<p>hello</p>", folder: "INBOX", uid: 2 },
      context: { type: "thread", id: "<parent@example.test>" },
      id,
    });
    expect(key).toMatch(/^mail:[\w-]{43}$/);
    expect(note).toEqual({ name: "folder:INBOX", value: expect.stringMatching(/^\d+:2:\d+$/) });
    expect(subjects(connectionContext)).toEqual(["first"]);
  });

  it("reconnects after a server crash and reports the mails of the meantime", async () => {
    const before = contextOf();
    await connectMailbox(before);
    await mailed("a");
    await before.arrived(bySubject("a"));
    await server.dovecot.kill();
    const thrown = await before.ended;
    expect(platform.classifyError(thrown)).toMatchObject({ kind: "retryable", code: "platform-unavailable" });
    await expect(platform.connect?.(contextOf({ stateOf: before }))).rejects.toSatisfy(
      (refused) => platform.classifyError(refused).kind === "retryable",
    );
    await server.dovecot.restart();
    await mailed("b");
    await server.inbox("bob").find(({ subject }) => subject === "b");
    const after = contextOf({ stateOf: before });
    await connectMailbox(after);
    expect(subjects(after)).toEqual(["b"]);
    await mailed("c");
    await after.arrived(bySubject("c"));
    expect(subjects(after)).toEqual(["b", "c"]);
  });

  it("reports a wrong password as final", async () => {
    const wrong = await platform
      .connect?.(contextOf({ credentials: credentials("bob", "wrong") }))
      .catch((thrown) => thrown);
    expect(platform.classifyError(wrong)).toMatchObject({ kind: "auth", code: "credentials-invalid" });
  });
});
