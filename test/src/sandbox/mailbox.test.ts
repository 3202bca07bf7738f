import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../src/model/log.ts";
import type { InboundEvent } from "../../../src/platform/platform.ts";
import { email } from "../../../src/platforms/email/platform.ts";
import { type Mailbox, sandboxMailbox } from "../../../src/sandbox/mailbox.ts";
import { noEgress, testMailActivity, testVerbContext } from "../../support/verb-context.ts";

let mailbox: Mailbox;
let caught: Array<{ readonly app: string; readonly arrival: InboundEvent }>;
let fault: Error | undefined;

beforeEach(async () => {
  caught = [];
  fault = undefined;
  mailbox = await sandboxMailbox({
    log: silentLog,
    recordInbound: async (app, arrival) => {
      if (fault) throw fault;
      caught.push({ app, arrival });
    },
  });
});
afterEach(() => mailbox.stop());

async function send(
  app: string,
  activity = testMailActivity(),
  options = {},
  platform = email({ relay: mailbox.relay }),
) {
  const client = await platform.createClient?.({ app, credentials: undefined, egress: noEgress, log: silentLog });
  try {
    const pending = activity.target.map((_, index) => index);
    return await platform.verbs.send?.run(client, activity, testVerbContext({ app, pending, ...options }));
  } finally {
    await platform.dispose?.(client);
  }
}

describe("the sandbox mailbox", () => {
  it("records a caught mail as an activity before confirming it to the sender", async () => {
    const activity = testMailActivity({
      target: [
        { address: "foo@bar.com", name: "Foo Bar" },
        { address: "cc@bücher.example", field: "cc" },
        { address: "hidden@bar.com", field: "bcc" },
      ],
      object: { subject: "Grüße", body: "Hello\nWorld", html: "<p>Hello</p>", inReplyTo: "<a@b.example>" },
    });
    const receipt = await send("app1", activity, {
      attachments: async () => [{ name: "ä.txt", mediaType: "text/plain", content: Buffer.from("12345") }],
    });
    expect(receipt?.outcomes.map(({ status }) => status)).toEqual(["sent", "sent", "sent"]);
    expect(caught).toHaveLength(1);
    expect(caught[0]?.app).toBe("app1");
    expect(caught[0]?.arrival.event).toMatchObject({
      platform: "email",
      verb: "send",
      actor: { address: "bob@example.test", name: "Bob User" },
      target: [
        { address: "foo@bar.com", name: "Foo Bar", field: "to" },
        { address: "cc@bücher.example", field: "cc" },
        { address: "hidden@bar.com", field: "bcc" },
      ],
      object: {
        id: `<${activity.id}@example.test>`,
        subject: "Grüße",
        body: "Hello\nWorld",
        html: "<p>Hello</p>",
        inReplyTo: "<a@b.example>",
        attachments: [{ name: "ä.txt", mediaType: "text/plain", size: 5 }],
      },
      id: `<${activity.id}@example.test>`,
      published: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(JSON.stringify(caught)).not.toContain(Buffer.from("12345").toString("base64"));
  });

  it("separates apps, and gives each transaction a key, so that duplicates would show", async () => {
    const platform = email({ relay: mailbox.relay });
    const activity = testMailActivity();
    await Promise.all([
      send("app1", activity, {}, platform),
      send("app2", activity, {}, platform),
      send("app1", activity, {}, platform),
    ]);
    expect(caught.map(({ app }) => app).sort()).toEqual(["app1", "app1", "app2"]);
    expect(new Set(caught.map(({ arrival }) => arrival.key)).size).toBe(3);
  });

  it("defers a mail that could not be recorded", async () => {
    fault = new Error("Redis is away");
    await expect(send("app1")).rejects.toMatchObject({
      kind: "retryable",
      mayHaveLanded: false,
      platformCode: "451 4.3.0 Come back later",
    });
  });

  it("refuses mail without the password of this run", async () => {
    const { host, port } = mailbox.relay.sandbox;
    await expect(
      send("app1", undefined, {}, email({ relay: { sandbox: { host, port, password: "guess" } } })),
    ).rejects.toMatchObject({ code: "credentials-invalid" });
    await expect(
      send("app1", undefined, {}, email({ relay: { url: `smtp://${host}:${port}` } })),
    ).rejects.toMatchObject({ platformCode: expect.stringMatching(/^530 /) });
    expect(caught).toEqual([]);
  });

  it("bounds the text of an event", async () => {
    await send("app1", testMailActivity({ object: { body: "x".repeat(100_000) } }));
    expect(caught[0]?.arrival.event.object).toMatchObject({ body: "x".repeat(65_536), bodyTruncated: true });
  });
});
