import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { simpleParser } from "mailparser";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../support/gateway.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../support/scripted-smtp.ts";

let smtp: ScriptedSmtp;
let live: Awaited<ReturnType<typeof gateway>>;
let key: string;
beforeAll(async () => {
  smtp = await scriptedSmtp();
  live = await gateway({}, { relay: `smtp://127.0.0.1:${smtp.port}` });
  key = await live.keyOf("mailer");
});
afterAll(async () => {
  await live.stop();
  await smtp.stop();
});

const post = (body: unknown) =>
  request(live.url)
    .post("/gateway/activities")
    .set("Authorization", `Bearer ${key}`)
    .set("Prefer", "wait=25")
    .set("Content-Type", "application/json")
    .send(typeof body === "string" ? body : JSON.stringify(body));
const lastMail = () => simpleParser(smtp.messages.at(-1) as string);
const mail = (rid: string, object: object) => ({
  rid,
  platform: "email",
  verb: "send",
  actor: { address: "bob@example.com" },
  target: { address: "foo@bar.com" },
  object,
});

describe("the examples of the founding essay, as printed", () => {
  it("deliver the mail", async () => {
    const answer = await post(`{ "rid": "klf9fwkw3ks0sdxme33", "verb": "send", "platform": "email",
  "actor":  { "name": "Bob User", "address": "bob@example.com" },
  "target": { "name": "Foo Bar",  "address": "foo@bar.com" },
  "object": { "subject": "Hi", "body": "Hello World!" } }`);
    expect(answer.body).toMatchObject({ type: "result", rid: "klf9fwkw3ks0sdxme33", status: "sent" });
    const { subject, text, from, to } = await lastMail();
    expect({ subject, text: text?.trim() }).toEqual({ subject: "Hi", text: "Hello World!" });
    expect([from?.text, [to].flat()[0]?.text]).toEqual(['"Bob User" <bob@example.com>', '"Foo Bar" <foo@bar.com>']);
  });

  it("refuse the Facebook message and name the allowed alternative", async () => {
    const answer = await post(`{ "rid": 123, "platform": "facebook", "verb": "send", "actor": { "address": "zuck" },
  "target": [{ "address": "barackobama" }], "object": { "text": "hi" } }`);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      code: "recipient-not-reachable",
      rid: 123,
      detail: expect.stringContaining("a Page writes to people who wrote to it first"),
      errors: [{ pointer: "/target/0/address" }],
    });
  });
});

describe("attachments", () => {
  const keysOf = (pattern: string) => live.client.keys(pattern);

  it("of 10 MiB are stored apart from jobs and events, arrive complete, and are deleted afterwards", async () => {
    const bytes = Buffer.alloc(10 * 1024 * 1024 - 100, "0123456789abcdef");
    const content = bytes.toString("base64");
    const answer = await post(
      mail("big", { subject: "Big", body: "See there", attachments: [{ name: "big.bin", content }] }),
    );
    expect(answer.body).toMatchObject({ type: "result", status: "sent" });
    const parsed = await lastMail();
    expect(parsed.attachments.map((attachment) => [attachment.filename, attachment.content.equals(bytes)])).toEqual([
      ["big.bin", true],
    ]);
    expect(await keysOf("*:blobs:*")).toEqual([]);
    const record = (await keysOf("*:rid:*:big"))[0] as string;
    expect((await live.client.get(record))?.length).toBeLessThan(5_000);
  });

  it("beyond 10 MiB, and activities beyond 64 kB without attachments, are refused", async () => {
    const content = Buffer.alloc(10 * 1024 * 1024 + 1).toString("base64");
    expect((await post(mail("huge", { attachments: [{ name: "huge.bin", content }] }))).body.code).toBe(
      "payload-too-large",
    );
    expect((await post(mail("wordy", { body: "x".repeat(70_000) }))).body.code).toBe("payload-too-large");
  });

  it("named by a private address or a file are never opened", async () => {
    let hits = 0;
    const secret = createServer((_req, res) => {
      hits++;
      res.end("secret");
    });
    await new Promise<void>((done) => secret.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(secret.address() as AddressInfo).port}/key`;
    const sent = smtp.messages.length;
    const answer = await post(mail("private", { body: "x", attachments: [{ name: "key", url }] }));
    expect(answer.status).toBe(422);
    expect(answer.body.errors[0].pointer).toBe("/object/attachments/0/url");
    expect(
      (await post(mail("file", { body: "x", attachments: [{ name: "key", url: "file:///etc/passwd" }] }))).status,
    ).toBe(422);
    expect((await post(mail("path", { body: "x", attachments: [{ name: "key", path: "/etc/passwd" }] }))).status).toBe(
      422,
    );
    expect([hits, smtp.messages.length]).toEqual([0, sent]);
    await new Promise((done) => secret.close(done));
  });
});

it("a mail that the server refuses ends in one failed result with the server's code and text", async () => {
  const picky = await scriptedSmtp({ rcpt: "550 5.1.1 No such user here" });
  const other = await gateway({}, { relay: `smtp://127.0.0.1:${picky.port}` });
  const answer = await request(other.url)
    .post("/gateway/activities")
    .set("Authorization", `Bearer ${await other.keyOf("picky")}`)
    .set("Prefer", "wait=25")
    .send(mail("nobody", { body: "x" }));
  expect(answer.body).toMatchObject({
    status: "failed",
    target: [
      { status: "failed", error: { code: "recipient-unknown", platformCode: expect.stringContaining("550 5.1.1") } },
    ],
  });
  await other.stop();
  await picky.stop();
});
