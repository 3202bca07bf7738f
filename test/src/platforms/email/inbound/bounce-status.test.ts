import { afterAll, beforeAll, expect, it } from "vitest";
import { email } from "../../../../../src/platforms/email/platform.ts";
import { connectionCore } from "../../../../support/connection-core.ts";
import { type TestMail, testMail } from "../../../../support/postfix.ts";
import { type TestRedis, testRedis } from "../../../../support/redis.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../../../../support/scripted-smtp.ts";

let redis: TestRedis;
let elsewhere: ScriptedSmtp;
let mail: TestMail;
let core: Awaited<ReturnType<typeof connectionCore>>;
beforeAll(async () => {
  elsewhere = await scriptedSmtp({ rcpt: "550 5.1.1 We know no such person" });
  const extra = [`default_transport = smtp:[127.0.0.1]:${elsewhere.port}`];
  [redis, mail] = await Promise.all([testRedis(), testMail({ extra })]);
  core = await connectionCore(redis, { platform: email({ pop3PollMs: 100 }) });
});
afterAll(async () => {
  await core?.close();
  await mail?.stop();
  await elsewhere?.stop();
  await redis?.stop();
});

it.each(["imap", "pop3"] as const)(
  "later delivery reports become the status of the rid and suppress an address that does not exist, over %s",
  async (protocol) => {
    const app = `app-${protocol}`;
    const worker = core.startWorker();
    const port = protocol === "imap" ? mail.dovecot.imapPort : mail.dovecot.pop3Port;
    const user = protocol === "imap" ? "bob" : "carol";
    const address = `${user}@example.test`;
    const login = { host: "localhost", ca: mail.ca, tls: "starttls" as const };
    const credentials = {
      ...login,
      port: mail.port,
      user,
      password: `${user}-pw`,
      mailbox: { ...login, protocol, port },
    };
    await core.put(app, { address, credentials });
    await core.until(app, (all) => all.some(({ state }) => state === "online"));
    const rid = await core.post(app, {
      verb: "send",
      actor: { address },
      target: [{ address: "alice@example.test" }, { address: "nobody@elsewhere.example" }],
      object: { subject: "Hi", body: "Hello", dsn: true },
    });
    expect(await core.result(app, rid)).toMatchObject({ status: "sent" });
    const receiptsOf = (status: string) =>
      core.until(app, (all) => all.some((event) => event.type === "status" && event.status === status));
    await receiptsOf("delivered");
    const events = await receiptsOf("failed");
    const statuses = events.filter(
      ({ type, rid: of, status }) => type === "status" && of === rid && status !== "sending",
    );
    expect(statuses).toHaveLength(2);
    expect(statuses.find(({ status }) => status === "delivered")).toMatchObject({
      target: [{ address: "alice@example.test", status: "delivered" }],
    });
    expect(statuses.find(({ status }) => status === "failed")).toMatchObject({
      target: [{ address: "nobody@elsewhere.example", status: "failed" }],
      error: { code: "recipient-unknown", platformCode: expect.stringContaining("We know no such person") },
    });
    const again = await core.post(app, {
      verb: "send",
      actor: { address },
      target: [{ address: "alice@example.test" }, { address: "Nobody@elsewhere.example" }],
      object: { subject: "Hi", body: "Hello again" },
    });
    expect(await core.result(app, again)).toMatchObject({
      status: "partial",
      target: [
        { address: "alice@example.test", status: "sent" },
        {
          address: "Nobody@elsewhere.example",
          status: "failed",
          error: { code: "suppressed", platformCode: expect.stringContaining("We know no such person") },
        },
      ],
    });
    await worker.close(1_000);
  },
  60_000,
);
