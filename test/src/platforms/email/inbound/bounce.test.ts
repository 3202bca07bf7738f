import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBounce } from "../../../../../src/platforms/email/inbound/bounce.ts";

const ID = "01KAQ7P3Y8ZJ4M5N6P7Q8R9STV";
const read = (...lines: readonly string[]) => readBounce(Buffer.from(lines.join("\r\n"), "latin1"));
const report = (status: readonly string[], returned: readonly string[] = [], more: readonly string[] = []) => [
  "From: MAILER-DAEMON@mx.example.test",
  'Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="x/y"',
  "",
  "For humans.",
  "--x/y",
  "Content-Type: text/plain",
  "",
  "Sorry.",
  "",
  "--x/y",
  "Content-Type: message/delivery-status",
  ...more,
  "",
  ...status,
  "",
  "--x/y",
  "Content-Type: text/rfc822-headers",
  "",
  ...returned,
  "",
  "--x/y--",
  "",
];
const FAILED = [
  "Reporting-MTA: dns; mx.example.test",
  "",
  "Final-Recipient: rfc822; new@example.net",
  "Original-Recipient: rfc822;old+2Btag@example.net",
  "Action: failed",
  "Status: 5.1.1 (no such user)",
  "Diagnostic-Code: smtp; 550 5.1.1 <new@example.net>: Recipient\r\n    address rejected",
];

describe("a delivery report", () => {
  it("names the outcome by original recipient, and the mail", () => {
    expect(read(...report(FAILED, ["Subject: Hi", `Message-ID: <${ID}@example.com>`]))).toEqual({
      activityId: ID,
      messageId: `<${ID}@example.com>`,
      recipients: [
        {
          address: "old+tag@example.net",
          action: "failed",
          status: "5.1.1",
          detail: "550 5.1.1 <new@example.net>: Recipient address rejected",
          isGone: true,
        },
      ],
    });
  });

  it("is matched by the envelope's id where the mail is missing or has another id", () => {
    const status = [`Original-Envelope-Id: ${ID}`, ...FAILED];
    expect(read(...report(status))).toMatchObject({ activityId: ID });
    expect(read(...report(status, ["Message-ID: <other@example.com>"]))).toMatchObject({
      activityId: ID,
      messageId: "<other@example.com>",
    });
  });

  it("names no activity where the ids are foreign", () => {
    const bounce = read(...report(["Original-Envelope-Id: QQ314159", ...FAILED], ["Message-ID: <a.b@example.com>"]));
    expect(bounce).not.toHaveProperty("activityId");
    expect(bounce).toMatchObject({ messageId: "<a.b@example.com>" });
  });

  it.each(["delivered", "relayed", "delayed", "expanded", "failed"])("recognizes %s", (action) => {
    const status = ["Reporting-MTA: dns; a", "", "Final-Recipient: rfc822; a@b.example", `Action: ${action}`];
    expect(read(...report(status))?.recipients).toMatchObject([{ address: "a@b.example", action, detail: "" }]);
  });

  it("omits recipients without a known status", () => {
    const group = (recipient: string, action: string) => ["", `Final-Recipient: ${recipient}`, `Action: ${action}`];
    const status = [
      "Reporting-MTA: dns; a",
      ...group("x400; /G=Bob/", "failed"),
      ...group("rfc822; no address", "failed"),
      ...group("rfc822; a@b.example", "constructor"),
      ...group("rfc822; good@b.example", "failed"),
    ];
    expect(read(...report(status))?.recipients.map(({ address }) => address)).toEqual(["good@b.example"]);
  });

  it("is decoded from base64 and quoted-printable", () => {
    const encoded = Buffer.from(FAILED.join("\r\n")).toString("base64");
    const base64 = read(...report([encoded], [], ["Content-Transfer-Encoding: base64"]));
    expect(base64?.recipients).toMatchObject([{ address: "old+tag@example.net" }]);
    const quoted = FAILED.map((line) => line.replace("rfc822;", "rfc822=\r\n=3B"));
    const printable = read(...report(quoted, [], ["Content-Transfer-Encoding: quoted-printable"]));
    expect(printable?.recipients).toMatchObject([{ address: "old+tag@example.net" }]);
  });

  it("is found in a mail with a list footer, not in a forwarded one", () => {
    const whole = report(FAILED);
    const around = (type: string) => [`Content-Type: ${type}`, "", "--z", ...whole.slice(1), "--z--"];
    expect(read(...around("multipart/mixed; boundary=z"))?.recipients).toHaveLength(1);
    expect(
      read(
        "Content-Type: multipart/mixed; boundary=z",
        "",
        "--z",
        "Content-Type: message/rfc822",
        "",
        ...whole,
        "--z--",
      ),
    ).toBeUndefined();
  });

  it("of Exim without a machine-readable part is understood", () => {
    expect(
      read(
        "X-Failed-Recipients: a@b.example, c@d.example",
        "From: Mail Delivery System <Mailer-Daemon@mx.example>",
        "",
        "This message was created automatically by mail delivery software.",
        "",
        "------ This is a copy of the message, including all the headers. ------",
        "",
        "Subject: Hi",
        `Message-Id: <${ID}@example.com>`,
        "",
        "Hello",
      ),
    ).toEqual({
      activityId: ID,
      messageId: `<${ID}@example.com>`,
      recipients: ["a@b.example", "c@d.example"].map((address) => ({
        address,
        action: "failed",
        status: "5.0.0",
        detail: "",
      })),
    });
  });

  it("of qmail is understood", () => {
    expect(
      read(
        "From: MAILER-DAEMON@mx.example",
        "",
        "Hi. This is the qmail-send program at mx.example.",
        "I'm afraid I wasn't able to deliver your message to the following addresses.",
        "",
        "<a@b.example>:",
        "Sorry, no mailbox here by that name. (#5.1.1)",
        "",
        "--- Below this line is a copy of the message.",
        "",
        "Return-Path: <bob@example.com>",
        `Message-ID: <${ID}@example.com>`,
        "",
        "Hello",
      ),
    ).toEqual({
      activityId: ID,
      messageId: `<${ID}@example.com>`,
      recipients: [
        {
          address: "a@b.example",
          action: "failed",
          status: "5.1.1",
          detail: "Sorry, no mailbox here by that name. (#5.1.1)",
        },
      ],
    });
  });

  it.each([
    ["an ordinary mail", ["From: a@b.example", "", "Hi"]],
    ["one that speaks of a report", ["From: a@b.example", "", ...FAILED, `Message-ID: <${ID}@example.com>`]],
    [
      "a report that someone has read it",
      [
        "Content-Type: multipart/report; boundary=a",
        "",
        "--a",
        "Content-Type: message/disposition-notification",
        "",
        "Disposition: x; displayed",
        "--a--",
      ],
    ],
    ["nothing", []],
  ])("is not %s", (_name, lines) => {
    expect(read(...lines)).toBeUndefined();
  });
});

describe("a forged or broken report", () => {
  it("is echoed within bounds only", () => {
    const long = "x".repeat(100_000);
    const group = (at: number) => [
      "",
      `Final-Recipient: rfc822; a${at}@b.example`,
      "Action: failed",
      `Diagnostic-Code: smtp; ${at < 3 ? long : "550"}`,
    ];
    const status = ["Reporting-MTA: dns; a", ...Array.from({ length: 1_000 }, (_, at) => group(at)).flat()];
    const bounce = read(...report(status.slice(0, 4)), ...status);
    expect(bounce?.recipients).toHaveLength(1);
    const many = read(
      ...report(["Reporting-MTA: dns; a", ...Array.from({ length: 1_000 }, (_, at) => group(at + 3)).flat()]),
    );
    expect(many?.recipients).toHaveLength(100);
    expect(JSON.stringify([bounce, many]).length).toBeLessThan(20_000);
  });

  const lines = fc.oneof(
    fc.constantFrom(...report(FAILED, [`Message-ID: <${ID}@example.com>`])),
    fc.constantFrom(
      "X-Failed-Recipients: ,a@b,",
      "Hi. This is the qmail-send program at ",
      "<a@b>:",
      "Content-Type: multipart/report; boundary=",
      "--x/y--",
    ),
    fc.string({ unit: "binary", maxLength: 60 }),
  );
  it("never throws, and yields valid names only", () => {
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 60 }), fc.constantFrom("\r\n", "\n"), (some, end) => {
        const bounce = readBounce(Buffer.from(some.join(end), "latin1"));
        for (const { address, status, detail } of bounce?.recipients ?? []) {
          expect(address).toMatch(/^[^\s@]+@[^\s@]+$/);
          expect(status).toMatch(/^[245]\.\d+\.\d+$/);
          expect(detail).not.toMatch(/\p{Cc}/u);
        }
        if (bounce?.activityId !== undefined) expect(bounce.activityId).toBe(ID);
      }),
      { numRuns: 2_000 },
    );
  });

  it("are assigned by the address that they came to, where the envelope sender had the mail's id", () => {
    const bounce = read(`To: bounces+${ID.toLowerCase()}@example.test`, ...report(FAILED));
    expect(bounce?.activityId).toBe(ID);
  });
});
