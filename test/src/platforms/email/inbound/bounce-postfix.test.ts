import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bounce, readBounce } from "../../../../../src/platforms/email/inbound/bounce.ts";
import { email } from "../../../../../src/platforms/email/platform.ts";
import { loopbackEgress } from "../../../../support/loopback-egress.ts";
import { type TestMail, testMail } from "../../../../support/postfix.ts";
import { runOnce } from "../../../../support/run-verb.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../../../../support/scripted-smtp.ts";
import { testMailActivity } from "../../../../support/verb-context.ts";

let elsewhere: ScriptedSmtp;
let server: TestMail;
beforeAll(async () => {
  elsewhere = await scriptedSmtp({ rcpt: "550 5.1.1 We know no such person" });
  server = await testMail({ extra: [`default_transport = smtp:[127.0.0.1]:${elsewhere.port}`] });
});
afterAll(async () => {
  await server?.stop();
  await elsewhere?.stop();
});

/** Sends to one address, with or without requested delivery reports. Waits for the report in the sender's inbox. */
async function sent(
  address: string,
  dsn: boolean,
): Promise<{ readonly id: string; readonly bounce: Bounce | undefined }> {
  const activity = testMailActivity({ target: [{ address }], object: { subject: "Hi", body: "Hello", dsn } });
  const credentials = { host: "localhost", port: server.port, ca: server.ca, user: "bob", password: "bob-pw" };
  await runOnce(email({}), activity, { credentials, egress: loopbackEgress() });
  const inbox = server.inbox("bob");
  await inbox.find(({ attachments }) => attachments.some(({ content }) => content.includes(activity.id)));
  const reports = (await inbox.raw()).filter((mail) => mail.includes(activity.id));
  expect(reports).toHaveLength(1);
  return { id: activity.id, bounce: readBounce(reports[0] ?? Buffer.alloc(0)) };
}

describe("delivery reports of Postfix", () => {
  it("are understood for an unknown recipient behind a relay", async () => {
    const { id, bounce } = await sent("nobody@elsewhere.example", false);
    expect(bounce).toEqual({
      activityId: id,
      messageId: `<${id}@example.test>`,
      recipients: [
        {
          address: "nobody@elsewhere.example",
          action: "failed",
          status: "5.1.1",
          detail: expect.stringContaining("We know no such person"),
          isGone: true,
        },
      ],
    });
  });

  it("are matched by the envelope's id when reports were requested", async () => {
    const { id, bounce } = await sent("no+body=x@elsewhere.example", true);
    expect(bounce).toMatchObject({
      activityId: id,
      recipients: [{ address: "no+body=x@elsewhere.example", action: "failed", status: "5.1.1" }],
    });
  });

  it("are understood for a delivery over LMTP when reports were requested", async () => {
    const { id, bounce } = await sent("alice@example.test", true);
    expect(bounce).toMatchObject({
      activityId: id,
      recipients: [{ address: "alice@example.test", action: "relayed", status: "2.0.0" }],
    });
  });
});
