import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountTestCommand } from "../../../src/cli/account-test.ts";
import { redisEventLog } from "../../../src/event-log/redis-event-log.ts";
import { silentLog } from "../../../src/model/log.ts";
import { submitActivity } from "../../../src/operations/submit-activity.ts";
import { laneQueues } from "../../../src/outbox/lane-queues.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { platformRegistry } from "../../../src/platform/platform-registry.ts";
import { platforms } from "../../../src/platforms/index.ts";
import { eventTail } from "../../../src/streaming/tail.ts";
import { runCommand } from "../../support/command-run.ts";
import { type TestDovecot, testDovecot } from "../../support/dovecot.ts";
import { freePort } from "../../support/free-port.ts";
import { gateway } from "../../support/gateway.ts";
import { PROSODY_DOMAIN, type TestXmppServer, testProsody } from "../../support/prosody.ts";

let live: Awaited<ReturnType<typeof gateway>>;
let chat: TestXmppServer;
let mail: TestDovecot;
let app = "";
beforeAll(async () => {
  chat = await testProsody(["ann", "bob", "eve"]);
  mail = await testDovecot(["ann", "pop"]);
  live = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8" });
  await live.registry.createApp("shop", ["send", "accounts"]);
  app = (await live.registry.list())[0]?.id ?? "";
});
afterAll(async () => {
  process.exitCode = undefined;
  await live?.stop();
  await mail?.stop();
  await chat?.stop();
});

const xmppAddress = (user: string) => `${user}@${PROSODY_DOMAIN}`;

/** Stores an account of the XMPP server. */
const storeXmpp = (user: string, more: object = {}, online = false) =>
  live.accounts.put(app, {
    platform: "xmpp",
    address: xmppAddress(user),
    credentials: { host: "127.0.0.1", port: chat.port, password: `${user}-pw`, ca: chat.tls.cert, ...more },
    online,
  });

/** Stores an account of the mail server, whose SMTP server is never asked. */
const storeMail = (user: string, mailbox?: object) =>
  live.accounts.put(app, {
    platform: "email",
    address: `${user}@example.org`,
    credentials: { host: "127.0.0.1", port: 1, user, password: `${user}-pw`, ...(mailbox ? { mailbox } : {}) },
  });

const outboxOf = () => redisOutbox({ redis: live.client, quota: 100, eventsKept: 1_000, retentionSeconds: 3_600 });

const test = (...args: string[]) => run(args, () => new Promise(() => undefined));

/** Runs `dragoman account test`. `rids` are those of the activities that it posted. */
async function run(args: readonly string[], interrupted: () => Promise<void>) {
  const [out, stderr]: [string[], string[]] = [[], []];
  const redis = live.client;
  const lanes = laneQueues({ redis, log: silentLog });
  const outbox = outboxOf();
  const rids: string[] = [];
  const names = platformRegistry(platforms({}));
  const admit = async () => undefined;

  const events = redisEventLog({ redis, eventsKept: 1_000 });
  const reader = live.redis.connect();
  const tail = eventTail({ connect: () => reader, control: redis, log: events, logger: silentLog, kept: 1_000 });
  const submit = submitActivity({ outbox, lanes, find: names.find, basePath: "/gateway", log: silentLog, admit });
  const program = new Command("dragoman");
  accountTestCommand(
    program.command("account"),
    async () => ({
      accounts: live.accounts,
      platforms: names,
      registry: live.registry,
      outbox,
      lanes,
      tail,
      submit: async (caller, posted) => {
        const submitted = await submit(caller, posted);
        rids.push(String(submitted.confirm.rid));
        return submitted;
      },
      close: async () => {
        await tail.close();
        await lanes.close();
      },
    }),
    { out: (line) => out.push(line), say: (line) => stderr.push(line) },
    interrupted,
  );
  process.exitCode = 0;
  const refused = await runCommand(program, ["account", "test", ...args], { out, stderr });
  return { out: out.join("\n"), stderr: stderr.join("\n"), code: refused || process.exitCode, rids };
}

/** Statuses of activities. */
const statusesOf = (rids: readonly string[]) =>
  Promise.all(rids.map(async (rid) => (await outboxOf().find(app, rid))?.status));

describe("dragoman account test", { timeout: 60_000 }, () => {
  it("tells that the network let an account in, which is not kept connected", async () => {
    const { account } = await storeXmpp("ann");
    const answer = await test("xmpp", xmppAddress("ann"));
    expect(answer).toMatchObject({
      code: 0,
      out: `xmpp  ${xmppAddress("ann")}  online`,
      stderr: "The network let the account in. It is not kept connected, as before.",
    });
    expect((await live.accounts.get(app, account.id))?.online).toBe(false);
  });

  it("leaves an account connected that was to be", async () => {
    const { account } = await storeXmpp("bob", {}, true);
    const { code, out } = await test("xmpp", xmppAddress("bob"), "--json");
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ id: account.id, platform: "xmpp", address: xmppAddress("bob"), state: "online" }),
    ]);
    expect((await live.accounts.get(app, account.id))?.online).toBe(true);
  });

  it("tells a refused password with the server's word, again at each call, until it is corrected", async () => {
    const { account } = await storeXmpp("eve", { password: "wrong" });
    for (let call = 0; call < 2; call += 1) {
      const { code, out, stderr } = await test("xmpp", xmppAddress("eve"));
      expect([code, out]).toEqual([1, expect.stringMatching(/needs-login {2}credentials-invalid: .*not-authorized/)]);
      expect(stderr).toContain(`dragoman account add xmpp ${xmppAddress("eve")}`);
    }
    expect((await live.accounts.get(app, account.id))?.online).toBe(false);
    await storeXmpp("eve");
    expect((await test("xmpp", xmppAddress("eve"))).code).toBe(0);
  });

  it("tells a server that is away, and leaves nothing to do for the gateway", async () => {
    const { account } = await storeXmpp("far", { port: await freePort() });
    const { code, out, stderr, rids } = await test("xmpp", xmppAddress("far"), "--json");
    expect([code, JSON.parse(out)]).toMatchObject([
      1,
      { state: "offline", error: { code: "platform-unavailable", retryable: true }, advice: expect.any(String) },
    ]);
    expect([stderr, await statusesOf(rids)]).toEqual(["", ["cancelled"]]);
    expect((await live.accounts.get(app, account.id))?.online).toBe(false);
  });

  it.each([
    ["imap", "ann", "online", 0],
    ["pop3", "pop", "online", 0],
  ])("logs in at a mailbox over %s", async (protocol, user, state, expected) => {
    const port = protocol === "imap" ? mail.imapPort : mail.pop3Port;
    await storeMail(user, { protocol, host: "127.0.0.1", port, tls: "none" });
    const { code, out } = await test("email", `${user}@example.org`);
    expect([code, out]).toEqual([expected, `email  ${user}@example.org  ${state}`]);
  });

  it("tells a mailbox's refused password", async () => {
    await storeMail("mallory", { protocol: "imap", host: "127.0.0.1", port: mail.imapPort, tls: "none" });
    const { code, out } = await test("email", "mallory@example.org");
    expect([code, out]).toEqual([1, expect.stringContaining("needs-login  credentials-invalid: ")]);
  });

  it("says of an account without a mailbox that sending tries it, and leaves its state", async () => {
    const { account } = await storeMail("sender");
    const { code, out, stderr } = await test("email", "sender@example.org");
    expect([code, out]).toEqual([1, expect.stringContaining("no-login  account-unknown: ")]);
    expect(stderr).toContain("dragoman send --platform email --from sender@example.org");
    expect(await live.accounts.get(app, account.id)).toEqual(account);
  });

  it.each([
    [["xmpp", "nobody@example.org"], "No account"],
    [["xmpp", "a@example.org", "--wait", "0"], "1 to 9999"],
  ])("refuses %j in one sentence", async (args, sentence) => {
    expect(await test(...args)).toMatchObject({ code: 1, out: "", stderr: expect.stringContaining(sentence) });
  });

  it("says that a platform without connections is tried by sending", async () => {
    await live.accounts.put(app, { platform: "facebook", address: "42", credentials: { token: "secret" } });
    const { code, stderr } = await test("facebook", "42");
    expect([code, stderr]).toEqual([1, expect.stringContaining("send something")]);
  });

  it("tells that no worker answers, and cancels what it asked for", async () => {
    await live.rest();
    const { code, out, stderr, rids } = await test("xmpp", xmppAddress("ann"), "--wait", "1");
    expect([code, out]).toEqual([1, expect.stringContaining("untested")]);
    expect(["cancelled", "expired"]).toContain((await statusesOf(rids))[0]);
    expect(stderr).toContain("dragoman serve");
  });

  it("cancels what it asked for when it is interrupted", async () => {
    const { code, rids } = await run(["xmpp", xmppAddress("ann")], async () => undefined);
    expect([code, await statusesOf(rids)]).toEqual([1, ["cancelled"]]);
  });
});
