import { execFileSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { IMAP_TIMEOUTS } from "../../../../../src/platforms/email/client/imap/connection.ts";
import type { ConnectedMailbox } from "../../../../../src/platforms/email/inbound/imap-mailbox.ts";
import { email } from "../../../../../src/platforms/email/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../../support/connection-context.ts";
import { type TestDovecot, testDovecot } from "../../../../support/dovecot.ts";
import { faultProxy } from "../../../../support/fault-proxy.ts";
import { lineFrames } from "../../../../support/fault-proxy-frames.ts";
import { lmtpMailer } from "../../../../support/lmtp-mailer.ts";
import { loopbackEgress } from "../../../../support/loopback-egress.ts";
import { testMailActivity, testVerbContext } from "../../../../support/verb-context.ts";

const guard = loopbackEgress();
const platform = email({});
const open = new Set<ConnectedMailbox>();
let server: TestDovecot;
let lmtp: ReturnType<typeof lmtpMailer>;
let users = 0;
const newUser = () => `u${++users}`;

const credentials = (user: string, { imapPort: port } = server) => ({
  host: "127.0.0.1",
  user,
  password: `${user}-pw`,
  mailbox: { protocol: "imap", host: "127.0.0.1", port, tls: "none" },
});
const contextOf = (user: string, stateOf?: TestConnectionContext) =>
  testConnectionContext({
    address: `${user}@example.test`,
    egress: guard,
    credentials: credentials(user),
    ...(stateOf ? { stateOf } : {}),
  });
async function connectMailbox(connectionContext: TestConnectionContext): Promise<ConnectedMailbox> {
  const client = (await platform.connect?.(connectionContext)) as ConnectedMailbox;
  open.add(client);
  return client;
}
async function closeMailbox(client: ConnectedMailbox): Promise<void> {
  open.delete(client);
  await platform.dispose?.(client);
}
const run = (client: ConnectedMailbox, verb: string, folder: string) =>
  platform.verbs[verb]?.run(client, testMailActivity({ verb, target: [], object: { folder } }), testVerbContext());
const subject = (text: string) => (arrival: TestConnectionContext["arrivals"][number]) =>
  arrival.event.object.subject === text;
const subjects = (connectionContext: TestConnectionContext) =>
  connectionContext.arrivals.map(({ event }) => event.object.subject);
/** Actions of an administrator: files mails into a folder, or copies them. */
const doveadm = (...args: readonly string[]) =>
  execFileSync("doveadm", ["-c", `${server.dir}/dovecot.conf`, ...args], { stdio: "pipe" });

beforeAll(async () => {
  server = await testDovecot(Array.from({ length: 40 }, (_, n) => `u${n}`));
  lmtp = lmtpMailer(server.lmtpPort);
});
afterEach(async () => {
  for (const client of [...open]) await closeMailbox(client);
});
afterAll(async () => {
  lmtp.close();
  await server.stop();
  await guard.close();
});

describe("subscribed folders of an account", () => {
  it("can be several, and survive reconnects until unsubscribed", async () => {
    const user = newUser();
    const before = contextOf(user);
    const client = await connectMailbox(before);
    expect(await run(client, "subscribe", "Sent")).toMatchObject({ object: { folder: "Sent" } });
    await run(client, "subscribe", "inbox");
    doveadm("mailbox", "create", "-u", user, "Lists");
    await run(client, "subscribe", "Lists");
    await lmtp.put(user, "to inbox");
    await before.arrived(subject("to inbox"));
    doveadm("move", "-u", user, "Lists", "mailbox", "INBOX", "all");
    await lmtp.put(user, "next");
    await before.arrived(subject("next"));
    await closeMailbox(client);
    await lmtp.put(user, "other");
    doveadm("move", "-u", user, "Sent", "mailbox", "INBOX", "subject", "other");
    const after = contextOf(user, before);
    const again = await connectMailbox(after);
    const { event } = await after.arrived(subject("other"));
    expect(event.object).toMatchObject({ folder: "Sent", uid: 1 });
    await run(again, "unsubscribe", "INBOX");
    await run(again, "unsubscribe", "Lists");
    await closeMailbox(again);
    const last = contextOf(user, after);
    await connectMailbox(last);
    await lmtp.put(user, "silent");
    doveadm("copy", "-u", user, "Sent", "mailbox", "INBOX", "subject", "other");
    await lmtp.put(user, "heard");
    doveadm("move", "-u", user, "Sent", "mailbox", "INBOX", "subject", "heard");
    await last.arrived(subject("heard"));
    // A mail that was moved or copied is the same mail, which arrived once.
    expect([...subjects(before), ...subjects(after), ...subjects(last)]).toEqual([
      "to inbox",
      "next",
      "other",
      "heard",
    ]);
    expect(Object.keys(last.stored).sort()).toEqual(["folder:INBOX", "folder:Sent"]);
  });

  it("are at most five, and a deleted one does not affect the others", async () => {
    const user = newUser();
    const before = contextOf(user);
    const client = await connectMailbox(before);
    for (const name of ["F1", "F2", "F3", "F4", "F5"]) doveadm("mailbox", "create", "-u", user, name);
    for (const name of ["F1", "F2", "F3", "F4"]) await run(client, "subscribe", name);
    await expect(run(client, "subscribe", "F5")).rejects.toMatchObject({ kind: "permanent", code: "policy-refused" });
    await closeMailbox(client);
    doveadm("mailbox", "delete", "-u", user, "F2");
    const after = contextOf(user, before);
    await connectMailbox(after);
    await lmtp.put(user, "still");
    await after.arrived(subject("still"));
  });

  it("include one that was refused as soon as it can be opened, and the others meanwhile", async () => {
    const user = newUser();
    const before = contextOf(user);
    const client = await connectMailbox(before);
    doveadm("mailbox", "create", "-u", user, "Lists");
    await run(client, "subscribe", "Lists");
    await closeMailbox(client);
    await lmtp.put(user, "in the list");
    doveadm("move", "-u", user, "Lists", "mailbox", "INBOX", "all");
    const steps = () => (line: string) => (/EXAMINE .?Lists/.test(line) ? "opens" : undefined);
    const proxy = await faultProxy({ upstream: server.imapPort, frames: lineFrames, steps });
    const answer = (line: string) => `${line.split(" ", 1)[0]} NO System Error\r\n`;
    proxy.arm("opens", { kind: "says", answer });
    const after = testConnectionContext({
      address: `${user}@example.test`,
      egress: guard,
      credentials: credentials(user, { ...server, imapPort: proxy.port }),
      stateOf: before,
    });
    const eager = email({ imapTimeouts: { ...IMAP_TIMEOUTS, idle: 300 } });
    const again = await eager.connect?.(after);
    await lmtp.put(user, "in the inbox");
    await after.arrived(subject("in the inbox"));
    await after.arrived(subject("in the list"));
    await eager.dispose?.(again);
    await proxy.close();
  });

  it("lose and double no mail when the server renumbers all mails", async () => {
    const user = newUser();
    const before = contextOf(user);
    const client = await connectMailbox(before);
    for (const text of ["one", "two"]) {
      await lmtp.put(user, text);
      await before.arrived(subject(text));
    }
    await closeMailbox(client);
    await lmtp.put(user, "three");
    const dir = server.maildir(user);
    execFileSync("sh", ["-c", `rm -f ${dir}/dovecot-uidlist ${dir}/dovecot.index* ${dir}/dovecot-uidvalidity*`]);
    const after = contextOf(user, before);
    await connectMailbox(after);
    expect(subjects(after)).toEqual(["three"]);
    expect(after.stored["folder:INBOX"]?.split(":")[0]).not.toBe(before.arrivals[0]?.state?.value.split(":")[0]);
    await lmtp.put(user, "four");
    await after.arrived(subject("four"));
    expect(subjects(after)).toEqual(["three", "four"]);
  });

  it("are polled where the server has no IDLE", async () => {
    const plain = await testDovecot(["u1"], ["protocol imap {", "imap_capability = IMAP4rev1 UIDPLUS", "}"]);
    const there = lmtpMailer(plain.lmtpPort);
    const eager = email({
      imapTimeouts: { ...IMAP_TIMEOUTS, poll: 100 },
    });
    const connectionContext = testConnectionContext({
      address: "u1@example.test",
      egress: guard,
      credentials: credentials("u1", plain),
    });
    const client = await eager.connect?.(connectionContext);
    await there.put("u1", "asked for");
    await connectionContext.arrived(subject("asked for"));
    await eager.dispose?.(client);
    there.close();
    await plain.stop();
  });
});

describe("new mails", () => {
  it("are read with any bytes", async () => {
    const user = newUser();
    const connectionContext = contextOf(user);
    await connectMailbox(connectionContext);
    const raw = (...lines: readonly string[]) => Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1");
    await lmtp.put(
      user,
      raw(
        "From: alice@example.test",
        "Subject: 8 bit",
        "Content-Type: text/plain; charset=iso-8859-1",
        "",
        "gr\xfcn",
        ".",
        "..x",
      ),
    );
    const { event } = await connectionContext.arrived(subject("8 bit"));
    expect(event.object.body).toBe("grün\n.\n..x");
    await lmtp.put(user, raw("Subject: bare", "", "no sender"));
    expect((await connectionContext.arrived(subject("bare"))).event.actor.address).toMatch(/\S/);
    await lmtp.put(user, raw("no header at all \xff\xfe"));
    await lmtp.put(user, "after all");
    await connectionContext.arrived(subject("after all"));
    expect(connectionContext.arrivals).toHaveLength(4);
  });

  it("carry their text also when large, and list their attachments", async () => {
    const user = newUser();
    const connectionContext = contextOf(user);
    await connectMailbox(connectionContext);
    const part = (type: string, body: string, more = "") => `--b\r\nContent-Type: ${type}\r\n${more}\r\n${body}\r\n`;
    const base64 = (
      Buffer.alloc(3_000_000, 7)
        .toString("base64")
        .match(/.{1,76}/g) ?? []
    ).join("\r\n");
    const file = 'Content-Disposition: attachment; filename="big.bin"\r\nContent-Transfer-Encoding: base64\r\n';
    const mail =
      "From: alice@example.test\r\nTo: x@y.test\r\nSubject: large\r\nMessage-ID: <large@example.test>\r\n" +
      'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' +
      part("application/octet-stream", base64, file) +
      part("text/plain; charset=utf-8", "what it says ü", "Content-Transfer-Encoding: 8bit\r\n") +
      "--b--\r\n";
    await lmtp.put(user, Buffer.from(mail));
    const { event } = await connectionContext.arrived(subject("large"));
    expect(event.object).toMatchObject({
      id: "<large@example.test>",
      body: "what it says ü",
      attachments: [{ name: "big.bin", mediaType: "application/octet-stream", part: "1" }],
    });
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(256 * 1024);
  });

  it("count as read only after they are in the app's log", async () => {
    const user = newUser();
    const before = contextOf(user);
    await closeMailbox(await connectMailbox(before));
    await lmtp.put(user, "kept");
    const away = testConnectionContext({
      address: `${user}@example.test`,
      egress: guard,
      credentials: credentials(user),
      stateOf: before,
      record: async () => {
        throw new Error("Redis is away");
      },
    });
    await expect(platform.connect?.(away)).rejects.toThrow("Redis is away");
    const after = contextOf(user, before);
    await connectMailbox(after);
    expect(subjects(after)).toEqual(["kept"]);
  });

  it("do not delay the account's online state when there are many", async () => {
    const user = newUser();
    const before = contextOf(user);
    await closeMailbox(await connectMailbox(before));
    for (const text of ["p", "q", "r"]) await lmtp.put(user, text);
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const after = contextOf(user, before);
    const slow: TestConnectionContext = { ...after, record: (arrival) => gate.then(() => after.record(arrival)) };
    const hasty = email({ imapTimeouts: { ...IMAP_TIMEOUTS, catchUp: 50 } });
    const client = await hasty.connect?.(slow);
    expect(after.arrivals).toEqual([]);
    open();
    await after.arrived(subject("r"));
    expect(subjects(after)).toEqual(["p", "q", "r"]);
    await hasty.dispose?.(client);
  });
});
