import { describe, expect, it } from "vitest";
import { parseMail } from "../../../../../src/platforms/email/inbound/mail-parse.ts";

const read = (lines: readonly string[], body: Buffer | string = "") =>
  parseMail({
    source: Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), Buffer.from(body)]),
    truncated: false,
  });
const typed = (type: string, body: Buffer | string) =>
  read([`Content-Type: ${type}`, "Content-Transfer-Encoding: 8bit"], body);

describe("the text of a mail", () => {
  it.each([
    ["text/plain; charset=windows-1252", Buffer.from([0x80, 0x93, 0x94, 0x92, 0x96]), "€“”’–"],
    ["text/plain; charset=iso-8859-1", Buffer.from([0x80, 0xfc]), "€ü"],
    ["text/plain; charset=utf-7", "Gr+APYA3w-e", "Größe"],
    ["text/plain; charset=unicode-1-1-utf-7", "Gr+APYA3w-e", "Größe"],
    ["text/plain; charset=hz-gb-2312", "a ~{;aRi~} b", "a 会议 b"],
    ["text/plain; charset=iso-2022-kr", "\u001b$)C\u000eH8@G\u000f!", "회의!"],
    ["text/plain; charset=iso-2022-jp", "\u001b$B2q5D\u001b(B", "会議"],
    ["text/plain; charset=utf-16", "plain after all", "plain after all"],
    ["text/plain; charset=no-such-thing", Buffer.from([0xe9]), "é"],
    ["text/plain", Buffer.from("Gr\xf6\xdfe", "latin1"), "Größe"],
    ["text/plain", "Größe", "Größe"],
    ["text", "words", "words"],
    ["charset=utf-8", "Größe", "Größe"],
    ["multipart/mixed", "--x\r\nContent-Type: text/plain\r\n\r\nwords\r\n--x--", "words"],
  ])("of type %s survives", async (type, body, text) => {
    expect((await typed(type, body)).object.body).toBe(text);
  });

  it("of HTML may name its charset in a meta element", async () => {
    const html = Buffer.from('<meta charset="windows-1252"><p>\x80</p>', "latin1");
    expect((await typed("text/html", html)).object).toMatchObject({ body: "€", html: expect.stringContaining("€") });
  });

  it.each([
    ["=?iso-2022-kr?B?GyQpQw5IOEBHDw==?=", "회의"],
    ["=?unicode-1-1-utf-7?Q?Gr+APYA3w-e?=", "Größe"],
    ["=?binary?B?R3LDtsOfZQ==?=", "Größe"],
    ["Gr\xf6\xdfe", "Größe"],
    ["=?utf-8?B?R3LD?= =?utf-8?B?tsOfZQ==?=", "Größe"],
  ])("subject %s survives", async (written, subject) => {
    expect((await read([`Subject: ${written}`])).object.subject).toBe(subject);
  });
});

describe("threads of mails", () => {
  it.each([
    ["References: <a@x><b@x>", { references: ["<a@x>", "<b@x>"] }, "<a@x>"],
    ['In-Reply-To: Your message of "Sun, 1 Nov" <r@x>', { inReplyTo: "<r@x>" }, "<r@x>"],
    ["References: null", {}, "<own@x>"],
    ["In-Reply-To: <null>", {}, "<own@x>"],
    ["In-Reply-To: bare@x", { inReplyTo: "<bare@x>" }, "<bare@x>"],
  ])("%s", async (line, members, thread) => {
    const { object, context } = await read([line, "Message-ID: <own@x>"]);
    const { references, inReplyTo } = object;
    expect(JSON.parse(JSON.stringify({ references, inReplyTo }))).toEqual(members);
    expect(context?.id).toBe(thread);
  });
});

describe("the date of a mail", () => {
  it.each([
    ["Sun, 1 Nov 2026 11:00:00 CET", "2026-11-01T10:00:00.000Z"],
    ["Sun, 01 Nov 2026 19:00:00 JST", "2026-11-01T10:00:00.000Z"],
    ["Sun, 01 Nov 2026 10:00:60 +0000", "2026-11-01T10:00:59.000Z"],
    ["Sun, 01 Nov 2026 10:00:00 +0000\r\n    Precedence: bulk", "2026-11-01T10:00:00.000Z"],
    ["2026-11-01T10:00:00Z", "2026-11-01T10:00:00.000Z"],
    ["Sun, 01 Nov 2026 10:00:00", "2026-11-01T10:00:00.000Z"],
    ["Sun Nov  1 10:00:00 2026", "2026-11-01T10:00:00.000Z"],
    ["01 Nov 26 05:00 EST", "2026-11-01T10:00:00.000Z"],
    ["Sun, 1 Nov 2026 10:00:00 AM", "2026-11-01T10:00:00.000Z"],
    ["Sun, 01 Nov 2026 10:00:00 +0000 (UTC)", "2026-11-01T10:00:00.000Z"],
  ])("%s is read", async (written, date) => {
    expect((await read([`Date: ${written}`])).date).toBe(date);
  });
});

describe("the parts of a raw mail", () => {
  const multipart = (type: string, ...parts: readonly string[]) =>
    read([`Content-Type: ${type}; boundary=o`], `${parts.map((part) => `--o\r\n${part}\r\n`).join("")}--o--`);
  const forwarded = "Subject: inner\r\nContent-Type: text/plain\r\n\r\nINNER";

  it("include inline files and forwarded mails, with IMAP's numbers", async () => {
    const { object } = await multipart(
      "multipart/mixed",
      "Content-Type: text/plain\r\n\r\nOUTER",
      "Content-Type: text/plain\r\nContent-Disposition: inline; filename*=utf-8''l%C3%B6g.txt\r\n\r\nLOG",
      `Content-Type: message/rfc822\r\nContent-Disposition: inline\r\n\r\n${forwarded}`,
      "Content-Type: text/calendar; method=request\r\n\r\nBEGIN:VCALENDAR",
    );
    expect(object).toMatchObject({
      body: "OUTER",
      attachments: [
        { name: "lög.txt", mediaType: "text/plain", part: "2" },
        { mediaType: "message/rfc822", part: "3" },
        { mediaType: "text/calendar; method=REQUEST", part: "4" },
      ],
    });
  });

  it.each([
    ["multipart/mixed; boundary=lost", "--o\r\nContent-Type: text/plain\r\n\r\nWORDS\r\n--o--"],
    ["multipart/mixed; boundary=lost", "WORDS"],
    ["multipart/mixed; boundary=o", "no --o line, WORDS"],
    ['multipart/mixed; boundary="o_(ID_1)"', "--o_(ID_1)\r\n\r\nWORDS\r\n--o_(ID_1)--"],
    ["multipart/mixed (a b); boundary=o (d)", "--o\r\n\r\nWORDS\r\n--o--"],
  ])("are found, or are one text, of %s", async (type, body) => {
    expect((await read([`Content-Type: ${type}`], body)).object.body).toContain("WORDS");
  });

  it("are read without a head, and so is a mail", async () => {
    const { object } = await multipart("multipart/mixed", "Content-Type: text/plain\r\n\r\nONE", "TWO, no head\r\n");
    expect(object.body).toContain("TWO, no head");
    const noMail = await parseMail({ source: Buffer.from("// Not a mail\r\n\r\nat all"), truncated: false });
    expect(noMail.object.body).toBe("// Not a mail\n\nat all");
  });

  it("are forwarded mails in a digest", async () => {
    const { object } = await multipart("multipart/digest", `\r\n${forwarded}`, `\r\n${forwarded}`);
    expect(object).not.toHaveProperty("body");
    expect(object.attachments?.map(({ mediaType }) => mediaType)).toEqual(["message/rfc822", "message/rfc822"]);
  });

  it("are read up to a limit in a mail with ten thousand parts", async () => {
    const { object } = await multipart("multipart/mixed", ...Array.from({ length: 9_900 }, () => "\r\n"));
    expect(object.attachmentsTruncated).toBe(true);
  });

  it("are read in a mail with twenty thousand recipients or 12 MB of header", async () => {
    const to = Array.from({ length: 20_000 }, (_, n) => `u${n}@x.example`).join(",\r\n ");
    const filler = Array.from({ length: 12_000 }, (_, n) => `X-${n}: ${"v".repeat(990)}`);
    const { object } = await read([`To: ${to}`, ...filler, "Subject: at the end"], "hello");
    expect(object).toMatchObject({ subject: "at the end", body: "hello" });
    expect(object.to?.length).toBe(100);
  });
});
