import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { inboundMailEvent } from "../../../../../src/platforms/email/inbound/mail-event.ts";
import { mailReaders } from "../../../../../src/platforms/email/inbound/mail-reader.ts";

const readers = mailReaders(1);
const reader = readers.forApp("app1");
afterAll(async () => {
  await readers.close();
  expect(readers.threads()).toBe(0);
});
const never = new AbortController().signal;
const read = (...lines: readonly string[]) => reader.read(Buffer.from(lines.join("\r\n"), "latin1"), never);

describe("the event of a mail", () => {
  it("carries sender, content and thread, and lists attachments without their content", async () => {
    const mail = await read(
      "Return-Path: <ann@example.org>",
      "From: =?utf-8?q?Ann_=C3=84rger?= <ann@example.org>",
      "To: Bob <bob@example.com>, Team: carol@example.com, dave@example.com;",
      "Cc: erin@example.com",
      "Reply-To: list@example.org",
      "Subject: =?iso-8859-1?q?caf=E9?=",
      "Message-ID: <m3@example.org>",
      "In-Reply-To: <m2@example.com>",
      "References: <m1@example.com>",
      " <m2@example.com>",
      "Date: Sun, 22 Nov 2026 10:00:00 +0100",
      "List-Id: The list <list.example.org>",
      "X-Invoice: 4711",
      "MIME-Version: 1.0",
      'Content-Type: multipart/mixed; boundary="a"',
      "",
      "--a",
      'Content-Type: multipart/alternative; boundary="b"',
      "",
      "--b",
      "Content-Type: text/plain; charset=iso-8859-1",
      "Content-Transfer-Encoding: 8bit",
      "",
      "caf\xe9",
      "--b",
      "Content-Type: text/html; charset=utf-8",
      "",
      "<p>Hi <img src='cid:logo'></p>",
      "--b--",
      "--a",
      'Content-Type: image/gif; name="logo.gif"',
      "Content-Id: <logo>",
      "Content-Transfer-Encoding: base64",
      "",
      "R0lGODlh",
      "--a--",
      "",
    );
    expect(mail).toEqual({
      actor: { address: "ann@example.org", name: "Ann Ärger" },
      object: {
        type: "message",
        id: "<m3@example.org>",
        subject: "café",
        body: "café",
        html: "<p>Hi <img src='cid:logo'></p>",
        to: [
          { address: "bob@example.com", name: "Bob" },
          { address: "carol@example.com" },
          { address: "dave@example.com" },
        ],
        cc: [{ address: "erin@example.com" }],
        replyTo: [{ address: "list@example.org" }],
        attachments: [{ name: "logo.gif", mediaType: "image/gif", size: 6, id: "logo", part: "2" }],
        inReplyTo: "<m2@example.com>",
        references: ["<m1@example.com>", "<m2@example.com>"],
        headers: {
          "return-path": "<ann@example.org>",
          "list-id": "The list <list.example.org>",
          "x-invoice": "4711",
        },
      },
      context: { type: "thread", id: "<m1@example.com>" },
      date: "2026-11-22T09:00:00.000Z",
    });
  });

  it("is addressed to its account, in the field that names the account", async () => {
    const mail = await read("From: Bob@Example.com", "Cc: Bob <bob@example.com>", "Message-ID: <a@b>", "", "Hi");
    const note = { name: "cursor", value: "7" };
    const received = new Date("2026-11-22T09:00:00Z");
    expect(inboundMailEvent(mail, { key: "k", account: "bob@example.com", received, state: note })).toEqual({
      key: "k",
      state: note,
      event: {
        platform: "email",
        verb: "send",
        actor: { address: "Bob@Example.com" },
        target: [{ address: "bob@example.com", name: "Bob", field: "cc" }],
        object: { type: "message", id: "<a@b>", body: "Hi", cc: [{ address: "bob@example.com", name: "Bob" }] },
        context: { type: "thread", id: "<a@b>" },
        id: "<a@b>",
        published: "2026-11-22T09:00:00.000Z",
        self: true,
      },
    });
  });

  it.each([
    ["Date: Mon, 1 Jan 2096 00:00:00 +0000", "2026-11-22T09:00:00.000Z"],
    ["Date: yesterday, I think", "2026-11-22T09:00:00.000Z"],
    ["Date: Mon, 1 Jan 1900 00:00:00 +0000", "2026-11-22T09:00:00.000Z"],
    ["Date: Thu, 1 Jan 2026 00:00:00 +0000", "2026-01-01T00:00:00.000Z"],
  ])("uses %s only where plausible", async (date, published) => {
    const mail = await read("From: a@b.example", date, "", "Hi");
    const received = new Date("2026-11-22T09:00:00Z");
    expect(inboundMailEvent(mail, { key: "k", account: "bob", received }).event.published).toBe(published);
  });

  it("converts HTML to text where there is no other text", async () => {
    const mail = await read("From: a@b.example", "Content-Type: text/html", "", "<p>Hello <b>you</b></p>");
    expect(mail.object).toMatchObject({ body: "Hello you", html: "<p>Hello <b>you</b></p>" });
  });

  it("names the Sender where From is missing, and otherwise no actor", async () => {
    expect((await read("Sender: list@example.org", "", "x")).actor).toEqual({ address: "list@example.org" });
    expect((await read("Subject: x", "", "x")).actor).toEqual({ address: "<>" });
  });
});

describe("unusual mail", () => {
  const bytes = (event: unknown) => Buffer.byteLength(JSON.stringify(event));

  it("is cut where too long for an event, and marked so", async () => {
    const many = Array.from({ length: 1_000 }, (_, at) => `a${at}@${"b".repeat(60)}.example`).join(",\r\n ");
    const refs = Array.from({ length: 5_000 }, (_, at) => `<${at}@example.org>`).join("\r\n ");
    const extra = Array.from({ length: 200 }, (_, at) => `X-Field-${at}: ${"v".repeat(900)}`);
    const part = (at: number) => `--a\r\nContent-Type: image/png; name="${"n".repeat(200)}${at}"\r\n\r\nx\r\n`;
    const mail = await read(
      `From: ${"n".repeat(5_000)} <a@b.example>`,
      `To: ${many}`,
      `Cc: ${many}`,
      `Reply-To: ${many}`,
      `References: ${refs}`,
      `Subject: ${"s".repeat(5_000)}`,
      ...extra,
      'Content-Type: multipart/mixed; boundary="a"',
      "",
      `--a\r\nContent-Type: text/plain\r\n\r\n${"\u0001".repeat(300_000)}\r\n`,
      `--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${"\xf0\x9f\x98\x80".repeat(100_000)}\r\n`,
      ...Array.from({ length: 150 }, (_, at) => part(at)),
      "--a--",
    );
    expect(bytes(mail)).toBeLessThan(262_144);
    expect(mail.object).toMatchObject({ bodyTruncated: true, htmlTruncated: true, attachmentsTruncated: true });
    expect(mail.object.references?.[0]).toBe("<0@example.org>");
    expect(mail.object.references?.at(-1)).toBe("<4999@example.org>");
    expect(mail.object.html?.isWellFormed()).toBe(true);
  });

  const nested = (depth: number) =>
    Array.from({ length: depth }, (_, at) => `Content-Type: multipart/mixed; boundary="${at}"\r\n\r\n--${at}\r\n`).join(
      "",
    );
  const hostile: ReadonlyArray<readonly [string, string]> = [
    ["parts in parts without end", nested(20_000)],
    [
      "a hundred thousand parts",
      `Content-Type: multipart/mixed; boundary=a\r\n\r\n${"--a\r\n\r\nx\r\n".repeat(100_000)}`,
    ],
    ["HTML as deep as it is long", `Content-Type: text/html\r\n\r\n${"<div>".repeat(50_000)}`],
    ["a megabyte of one header", `X-A: ${"a".repeat(1_000_000)}\r\n\r\nx`],
    ["a hundred thousand headers", `${Array.from({ length: 100_000 }, (_, at) => `X-${at}: a\r\n`).join("")}\r\nx`],
    ["addresses in groups in comments", `To: ${"a:((".repeat(50_000)}\r\n\r\nx`],
    ["a header of encoded words", `Subject: ${"=?utf-8?q?=C3?= ".repeat(50_000)}\r\n\r\nx`],
    [
      "parameters in pieces",
      `Content-Type: text/plain;${Array.from({ length: 20_000 }, (_, at) => ` a*${at}*=x;`).join("")}\r\n\r\nx`,
    ],
    ["nothing", ""],
    ["one NUL", "\0"],
  ];
  it.each(hostile)("%s loses neither the mail nor the next one", async (_name, source) => {
    await read("From: warm@example.org", "", "up");
    const raw = Buffer.from(source, "latin1");
    const mail = await reader.read(raw, never);
    expect(bytes(mail)).toBeLessThan(262_144);
    expect(mail.actor.address).toBe("<>");
    expect(await read("From: next@example.org", "", "x")).toMatchObject({ actor: { address: "next@example.org" } });
  });

  it("beyond the limits is reported with its headers", async () => {
    const hasty = mailReaders(1, 1);
    const big = Buffer.from(`From: a@b.example\r\nSubject: Big\r\n\r\n${"x".repeat(8_000_000)}`);
    const mail = await hasty.forApp("app1").read(big, never);
    await hasty.close();
    expect(mail.object).toMatchObject({ type: "message", truncated: true });
    expect(mail.object.body).toBeUndefined();
  });

  const piece = fc.oneof(
    fc.constantFrom(
      "From: a@b.example\r\n",
      "To: a:b,c;\r\n",
      'Content-Type: multipart/mixed; boundary="a"\r\n',
      "Content-Type: message/rfc822\r\n",
      "Content-Transfer-Encoding: base64\r\n",
      "Content-Type: text/html; charset=utf-7\r\n",
      "Message-ID: <<>>\r\n",
      "References: <a@b> c\r\n",
      "\r\n",
      "--a\r\n",
      "--a--\r\n",
      "=?utf-8?b?//8=?=",
    ),
    fc.string({ unit: "binary", maxLength: 40 }),
  );
  it("is read with any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        const mail = await reader.read(Buffer.from(pieces.join(""), "latin1"), never);
        const { event } = inboundMailEvent(mail, { key: "k", account: "bob" });
        expect(event.actor.address).not.toBe("");
        expect(JSON.stringify(event).isWellFormed()).toBe(true);
        expect(JSON.stringify(event)).not.toContain("\\u0000");
      }),
      { numRuns: 300 },
    );
  });
});
