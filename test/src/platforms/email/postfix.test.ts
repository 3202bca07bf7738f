import { createHash, createVerify, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { egress } from "../../../../src/egress/egress.ts";
import { Failure } from "../../../../src/model/failure.ts";
import { silentLog } from "../../../../src/model/log.ts";
import { email } from "../../../../src/platforms/email/platform.ts";
import { type TestMail, testMail } from "../../../support/postfix.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { testMailActivity, testVerbContext } from "../../../support/verb-context.ts";

let server: TestMail;
const guard = egress({
  allowPrivate: ["127.0.0.0/8", "::1"],
  resolve: async () => [{ address: "127.0.0.1", family: 4 }],
});
const platform = email({});
const account = () => ({ host: "localhost", port: server.port, ca: server.ca, user: "bob", password: "bob-pw" });
const failure = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.unreachable("It was sent"),
    (thrown) => thrown,
  );

beforeAll(async () => {
  server = await testMail({ sizeLimit: 200_000 });
});
afterAll(async () => {
  await server?.stop();
  await guard.close();
});

describe("mail through a real Postfix, read back from Dovecot", () => {
  it("carries text, HTML, attachments, an inline image, names, threading and headers", async () => {
    const activity = testMailActivity({
      target: [
        { address: "alice@example.test", name: 'Ålice, the "first"' },
        { address: "bob@example.test", field: "cc" },
        { address: "carol@example.test", field: "bcc" },
      ],
      object: {
        subject: `Grüße 🎉 ${"long ".repeat(60)}end`,
        body: "line\n.\n..dots\nend ü",
        html: '<p>hello <img src="cid:pix"></p>',
        inReplyTo: "<parent@example.test>",
        references: ["<root@example.test>", "<parent@example.test>"],
        replyTo: { address: "desk@example.test", name: "Desk" },
        headers: { "X-Ticket": "42", "List-Unsubscribe": "<https://example.test/u>" },
        attachments: [{ name: "unused here", content: "" }],
      },
    });
    const receipt = await runOnce(platform, activity, {
      credentials: account(),
      egress: guard,
      attachments: async () => [
        { name: "ä b.txt", mediaType: "text/plain", content: Buffer.from("attached ü") },
        { name: "p.png", mediaType: "image/png", id: "pix", content: Buffer.from([1, 2, 3]) },
        { name: "old.eml", mediaType: "message/rfc822", content: Buffer.from("From: x@y\n\nhi") },
      ],
    });
    const id = `<${activity.id}@example.test>`;
    expect(receipt).toEqual({
      outcomes: activity.target.map(({ address }) => ({ address, status: "sent", id })),
      object: { id, email: { tls: true } },
    });
    for (const user of ["alice", "bob", "carol"]) {
      const mail = await server.inbox(user).find(({ messageId }) => messageId === id);
      expect(mail.from?.value).toEqual([{ address: "bob@example.test", name: "Bob User" }]);
      expect(mail.to).toMatchObject({ value: [{ address: "alice@example.test", name: 'Ålice, the "first"' }] });
      expect(mail.cc).toMatchObject({ value: [{ address: "bob@example.test", name: "" }] });
      expect(mail.bcc).toBeUndefined();
      expect(
        JSON.stringify(mail.headerLines.filter(({ key }) => !/^(received|delivered-to|x-original-to)$/.test(key))),
      ).not.toContain("carol@");
      expect(mail.subject).toBe(activity.object.subject);
      expect(mail.text?.trimEnd()).toBe(activity.object.body);
      expect(mail.html).toContain("<p>hello <img");
      expect(mail.inReplyTo).toBe("<parent@example.test>");
      expect(mail.references).toEqual(["<root@example.test>", "<parent@example.test>"]);
      expect(mail.replyTo?.value).toEqual([{ address: "desk@example.test", name: "Desk" }]);
      expect(mail.headers.get("x-ticket")).toBe("42");
      expect(
        mail.attachments.map(({ filename, contentType, content, cid }) => [
          filename,
          contentType,
          cid,
          content.toString("latin1"),
        ]),
      ).toEqual(
        expect.arrayContaining([
          ["ä b.txt", "text/plain", undefined, Buffer.from("attached ü").toString("latin1")],
          ["p.png", "image/png", "pix", "\u0001\u0002\u0003"],
          ["old.eml", expect.any(String), undefined, "From: x@y\n\nhi"],
        ]),
      );
    }
  });

  it("gives each target an outcome when the server refuses one, and lists all in the headers of a retry", async () => {
    const activity = testMailActivity({
      target: [
        { address: "alice@example.test" },
        { address: "nobody@example.test", field: "cc" },
        { address: "x@elsewhere.test" },
      ],
    });
    // Without a login elsewhere.test is relaying.
    const { user: _user, password: _password, ...open } = account();
    const { outcomes } = await runOnce(platform, activity, { credentials: open, egress: guard });
    expect(outcomes).toEqual([
      { address: "alice@example.test", status: "sent", id: expect.any(String) },
      {
        address: "nobody@example.test",
        status: "failed",
        error: expect.objectContaining({
          code: "recipient-unknown",
          retryable: false,
          platformCode: expect.stringMatching(/^550 5\.1\.1 /),
        }),
      },
      {
        address: "x@elsewhere.test",
        status: "failed",
        error: expect.objectContaining({
          code: "policy-refused",
          platformCode: expect.stringMatching(/^554 5\.7\.1 /),
        }),
      },
    ]);
    const retry = testMailActivity({ target: [{ address: "alice@example.test" }, { address: "carol@example.test" }] });
    const second = await runOnce(platform, retry, { credentials: account(), egress: guard, pending: [1], attempt: 2 });
    expect(second.outcomes).toEqual([
      { address: "carol@example.test", status: "sent", id: `<${retry.id}@example.test>` },
    ]);
    const mail = await server.inbox("carol").find(({ messageId }) => messageId === `<${retry.id}@example.test>`);
    expect(mail.to).toMatchObject({ value: [{ address: "alice@example.test" }, { address: "carol@example.test" }] });
    expect(await server.inbox("alice").ids()).not.toContain(`<${retry.id}@example.test>`);
  });

  it("requests delivery reports and receives them", async () => {
    const activity = testMailActivity({ object: { body: "report", dsn: true } });
    const receipt = await runOnce(platform, activity, { credentials: account(), egress: guard });
    expect(receipt.object).toMatchObject({ dsn: true });
    const report = await server
      .inbox("bob")
      .find(
        ({ subject, text, attachments }) =>
          /Successful|Delivery/.test(subject ?? "") &&
          [text, ...attachments.map(({ content }) => content.toString())].join().includes(activity.id),
      );
    expect(report.headers.get("content-type")).toMatchObject({ value: "multipart/report" });
  });

  it("puts the mail's id into the envelope sender where the account has a return path for it", async () => {
    const activity = testMailActivity();
    const returnPath = "bob+{id}@example.test";
    await runOnce(platform, activity, { credentials: { ...account(), returnPath }, egress: guard });
    const id = `<${activity.id}@example.test>`;
    const mail = await server.inbox("alice").find(({ messageId }) => messageId === id);
    expect(mail.headers.get("return-path")).toMatchObject({ text: `bob+${activity.id}@example.test` });
  });

  it("has a DKIM signature over exactly the received bytes", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const activity = testMailActivity({
      object: {
        subject: "Grüße",
        body: "two  spaces \n\n.\nend\n\n\n",
        html: "<b>x</b>",
        headers: {
          "List-Unsubscribe": "<https://example.test/leave>",
          "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
      },
    });
    const dkim = { domain: "example.test", selector: "k1", privateKey };
    await runOnce(platform, activity, { credentials: { ...account(), dkim }, egress: guard });
    await server.inbox("alice").find(({ messageId }) => messageId === `<${activity.id}@example.test>`);
    const raw = (await server.inbox("alice").raw()).map(String).find((mail) => mail.includes(`<${activity.id}@`)) ?? "";
    expect(dkimHolds(raw, publicKey)).toBe(true);
    expect(dkimHolds(raw.replace("spaces", "spaceS"), publicKey)).toBe(false);
    expect(dkimHolds(raw.replace("Bob User", "Eve User"), publicKey)).toBe(false);
    // One-click unsubscription counts only where the signature covers both fields (RFC 8058 section 4).
    expect(dkimHolds(raw.replace("=One-Click", "=Two-Click"), publicKey)).toBe(false);
  });

  it.each([
    ["a wrong password", () => ({ ...account(), password: "wrong-pw" }), "auth", "credentials-invalid", /^535 /],
    [
      "a certificate for another name",
      () => ({ ...account(), host: "other.example" }),
      "permanent",
      "tls-failed",
      /ERR_TLS_CERT_ALTNAME_INVALID/,
    ],
    ["an untrusted certificate", () => ({ ...account(), ca: undefined }), "permanent", "tls-failed", /SELF_SIGNED/],
    [
      "a port where nothing listens",
      () => ({ ...account(), port: 1 }),
      "retryable",
      "platform-unavailable",
      /ECONNREFUSED/,
    ],
  ] as const)("reports %s", async (_what, credentials, kind, code, platformCode) => {
    const thrown = await failure(
      runOnce(platform, testMailActivity(), { credentials: { ...credentials() }, egress: guard }),
    );
    expect(thrown).toMatchObject({ kind, code, mayHaveLanded: false });
    expect(thrown.platformCode).toMatch(platformCode);
    expect(`${thrown.platformCode} ${thrown.message}`).not.toContain("wrong-pw");
  });

  it("fails permanently when the message is too large", async () => {
    const activity = testMailActivity({ object: { body: "x".repeat(300_000) } });
    const thrown = await failure(runOnce(platform, activity, { credentials: account(), egress: guard }));
    expect(thrown).toMatchObject({ kind: "permanent", code: "content-too-large" });
  });

  it("sends no byte of a login to a server without STARTTLS", async () => {
    const received: string[] = [];
    const bare = createServer((socket) => {
      socket.write("220 bare ESMTP\r\n");
      socket.on("data", (chunk) => {
        received.push(chunk.toString());
        socket.write(/^EHLO/i.test(chunk.toString()) ? "250-bare\r\n250 AUTH PLAIN LOGIN\r\n" : "502 5.5.1 No\r\n");
      });
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", () => resolve()));
    const { port } = bare.address() as { port: number };
    const thrown = await failure(
      runOnce(platform, testMailActivity(), { credentials: { ...account(), port }, egress: guard }),
    );
    bare.close();
    expect(thrown).toMatchObject({ kind: "permanent", code: "tls-failed" });
    expect(received.join("")).not.toMatch(/AUTH|MAIL|bob|example\.test/i);
    expect(received.join("")).toMatch(/^EHLO \S+\r\nSTARTTLS\r\n/);
  });

  it("reaches an account's server through the guard only", async () => {
    const strict = egress({ allowPrivate: [] });
    const thrown = await failure(
      runOnce(platform, testMailActivity(), { credentials: { ...account(), host: "127.0.0.1" }, egress: strict }),
    );
    expect(thrown).toBeInstanceOf(Failure);
    expect(thrown).toMatchObject({ kind: "permanent", code: "address-blocked" });
    await strict.close();
  });

  it("uses one connection for many mails", async () => {
    const before = (await server.log()).match(/ connect from /g)?.length ?? 0;
    const client = await platform.createClient?.({
      app: "app1",
      credentials: account() as never,
      egress: guard,
      log: silentLog,
    });
    for (let n = 0; n < 5; n++) await platform.verbs.send?.run(client, testMailActivity(), testVerbContext());
    await platform.dispose?.(client);
    expect(((await server.log()).match(/ connect from /g)?.length ?? 0) - before).toBe(1);
  });
});

/** Verifies a DKIM signature independently of nodemailer (RFC 6376: rsa-sha256, relaxed/relaxed). */
function dkimHolds(mail: string, publicKey: string): boolean {
  const text = mail.replaceAll("\r\n", "\n");
  const split = text.indexOf("\n\n");
  const fields = text.slice(0, split).split(/\n(?![ \t])/);
  const relaxed = (field: string) => {
    const colon = field.indexOf(":");
    const value = field
      .slice(colon + 1)
      .replaceAll(/\n/g, "")
      .replaceAll(/[ \t]+/g, " ")
      .trim();
    return `${field.slice(0, colon).trim().toLowerCase()}:${value}`;
  };
  const body = text
    .slice(split + 2)
    .replaceAll(/[ \t]+/g, " ")
    .replaceAll(/ $/gm, "")
    .replace(/\n*$/, "\n")
    .replaceAll("\n", "\r\n");
  const signature = fields.find((field) => /^dkim-signature:/i.test(field)) ?? "";
  const tag = (name: string) => new RegExp(`[;\\s]${name}=([^;]*)`).exec(signature)?.[1]?.replaceAll(/\s/g, "") ?? "";
  const signed = tag("h")
    .split(":")
    .flatMap((name) => fields.filter((field) => field.toLowerCase().startsWith(`${name.toLowerCase()}:`)).slice(-1));
  const own = relaxed(signature.replace(/([;\s]b=)[^;]*/, "$1"));
  const verify = createVerify("rsa-sha256").update([...signed.map(relaxed), own].join("\r\n"));
  return (
    createHash("sha256").update(body).digest("base64") === tag("bh") && verify.verify(publicKey, tag("b"), "base64")
  );
}
