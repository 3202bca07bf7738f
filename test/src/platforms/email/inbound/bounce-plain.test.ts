import { describe, expect, it } from "vitest";
import { readBounce } from "../../../../../src/platforms/email/inbound/bounce.ts";

const ID = "01KAQ7P3Y8ZJ4M5N6P7Q8R9STV";
const RETURNED = [`Message-ID: <${ID}@example.com>`, "From: shop@example.com", "To: Bob <bob@far.example>"];
const read = (...lines: readonly string[]) => readBounce(Buffer.from(lines.join("\r\n"), "latin1"));
const REPORT_HEAD = [
  "From: postmaster@far.example",
  "To: shop@example.com",
  'Content-Type: multipart/report; report-type=delivery-status; boundary="Boundary_(ID_a+b)"',
  "",
];
const part = (type: string, ...lines: readonly string[]) => [
  "--Boundary_(ID_a+b)",
  `Content-Type: ${type}`,
  "",
  ...lines,
];
const report = (text: readonly string[], status: readonly string[]) =>
  read(
    ...REPORT_HEAD,
    ...part("text/plain", ...text),
    ...part("message/delivery-status", "Reporting-MTA: dns; far.example", "", ...status),
    ...part("text/rfc822-headers", ...RETURNED),
    "--Boundary_(ID_a+b)--",
  );

describe("a report", () => {
  it("is read where its boundary contains brackets", () => {
    const bounce = report(["Sorry."], ["Final-Recipient: rfc822; bob@far.example", "Action: failed", "Status: 5.2.2"]);
    expect(bounce).toMatchObject({ activityId: ID, recipients: [{ address: "bob@far.example", status: "5.2.2" }] });
  });

  it("is read where the declared boundary is another than the one in the body", () => {
    const lines = [...REPORT_HEAD.slice(0, 2), "Content-Type: multipart/report; boundary=lost", ""];
    const status = ["Final-Recipient: rfc822; bob@far.example", "Action: failed", "Status: 5.1.1"];
    const body = [...part("message/delivery-status", "Reporting-MTA: dns; a", "", ...status), "--Boundary_(ID_a+b)--"];
    expect(read(...lines, ...body)?.recipients).toMatchObject([{ address: "bob@far.example", status: "5.1.1" }]);
  });

  it("is read where a gateway took the parts' heads away", () => {
    const status = ["Final-Recipient: rfc822; bob@far.example", "Action: failed", "Status: 5.1.1"];
    const bounce = read(...REPORT_HEAD, "Sorry.", "", "Reporting-MTA: dns; a", "", ...status, "", ...RETURNED);
    expect(bounce).toMatchObject({ activityId: ID, recipients: [{ address: "bob@far.example", status: "5.1.1" }] });
  });

  it("takes recipient and reason from the text where the fields name a file or nobody", () => {
    const text = ["The following addresses failed:", "", "bob@far.example", "  mailbox is full"];
    const fields = ["Action: failed", "Final-Recipient: rfc822;/var/mail/b/bob", "Status: 5.0.0"];
    const expected = [{ address: "bob@far.example", action: "failed", status: "5.2.2" }];
    expect(report(text, fields)?.recipients).toMatchObject(expected);
    expect(report(text, [])?.recipients).toMatchObject(expected);
  });

  it("takes the returned mail's only recipient where nothing names one", () => {
    const bounce = report(["We could not deliver your message.", "Delivery report unavailable."], []);
    expect(bounce?.recipients).toMatchObject([{ address: "bob@far.example", action: "failed", status: "5.0.0" }]);
  });

  it.each([
    ["5.0.0", "550 5.1.1 <bob@far.example>... User unknown", "5.1.1"],
    ["5.0.0", "554 delivery error: This user doesn't have an account (bob@far.example)", "5.1.1"],
    ["5.5.0", "550 Invalid recipient. bob@far.example", "5.1.1"],
    ["5.5.0", "550 The recipient account is blocked", "5.2.1"],
    ["5.0.0", "550 Mailbox is frozen", "5.2.1"],
    ["5.0.0", "452 disk quota exceeded", "5.2.2"],
    ["5.0.0", "550 Bad SPF records", "5.7.1"],
    ["5.0.0", "554 Client host blocked for spamming", "5.7.1"],
    ["5.0.0", "550 Fix reverse DNS for 192.0.2.1", "5.7.1"],
    ["4.0.0", "DNS Error: lookup of far.example responded with code NXDOMAIN", "5.1.2"],
    ["5.0.0", "Maximum hop count exceeded, probably a routing loop", "5.4.6"],
    ["5.0.0", "552 Message size exceeds the limit", "5.3.4"],
    ["5.0.0", "Unable to deliver after multiple retries, giving up", "4.4.7"],
    ["5.2.2", "550 5.7.1 spam", "5.2.2"],
    ["5.0.0", "550 No", "5.0.0"],
  ])("of %s with the diagnosis %j has the status %s", (status, diagnosis, expected) => {
    const fields = ["Final-Recipient: rfc822; bob@far.example", "Action: failed", `Status: ${status}`];
    const bounce = report(["Sorry."], [...fields, `Diagnostic-Code: smtp; ${diagnosis}`]);
    expect(bounce?.recipients).toMatchObject([{ status: expected }]);
  });

  it.each([
    ["Unknown user: bob@far.example", "Original message follows."],
    ["bob@far.example on Thu, 29 Apr 2010 00:00:00 -0000", "    The recipient name is not recognized"],
    ["The user(s) account does not exist.", "<bob@far.example>"],
  ])("in words only is understood: %s", (...text) => {
    const head = ["From: postmaster@far.example", "To: shop@example.com", "Subject: Undeliverable", ""];
    expect(read(...head, ...text, "", ...RETURNED)).toMatchObject({
      activityId: ID,
      recipients: [{ address: "bob@far.example", action: "failed", status: "5.1.1" }],
    });
  });

  it("about an address of the own mailbox names that address", () => {
    const head = ["From: MAILER-DAEMON@example.com", "To: shop@example.com", "Subject: failure notice", ""];
    const bounce = read(...head, "<shop@example.com>:", "552 Error: disk quota exceeded");
    expect(bounce?.recipients).toMatchObject([{ address: "shop@example.com", status: "5.2.2" }]);
  });

  it("gives no recipient the reason of another", () => {
    const head = ["From: MAILER-DAEMON@far.example", "To: shop@example.com", "Subject: failure notice", ""];
    const bounce = read(...head, "<a@far.example>:", "550 mailbox full", "<b@far.example>:", "550 No");
    expect(bounce?.recipients.map(({ address, status }) => [address, status])).toEqual([
      ["a@far.example", "5.2.2"],
      ["b@far.example", "5.0.0"],
    ]);
  });
});

describe("a person's mail about a report", () => {
  const answer = (subject: string, ...text: readonly string[]) =>
    read(
      "From: Bob <bob@far.example>",
      "To: shop@example.com",
      `Subject: ${subject}`,
      `In-Reply-To: <${ID}@example.com>`,
      "",
      ...text,
    );

  it.each(["Re: Delivery failed", "AW: Undeliverable", "Fwd: Returned mail: see transcript"])(
    "says nothing about the mail: %s",
    (subject) => {
      expect(answer(subject, "I was unable to come, write to bob@far.example", "> 550 User unknown")).toBeUndefined();
    },
  );

  it("never makes its own author a recipient that failed", () => {
    expect(answer("Delivery failed", "I could not sign in as bob@far.example.")).toBeUndefined();
  });
});

describe("a complaint (ARF)", () => {
  it("is told with its kind and the mail's id, and fails nothing", () => {
    const bounce = read(
      "From: fbl@far.example",
      "Content-Type: multipart/report; report-type=feedback-report; boundary=o",
      "",
      "--o",
      "Content-Type: message/feedback-report",
      "",
      "Feedback-Type: Abuse",
      "--o",
      "Content-Type: message/rfc822",
      "",
      ...RETURNED,
      "--o--",
    );
    expect(bounce).toEqual({ activityId: ID, messageId: `<${ID}@example.com>`, complaint: "abuse", recipients: [] });
  });

  it("names who complained where the report does", () => {
    const bounce = read(
      "Content-Type: multipart/report; report-type=feedback-report; boundary=o",
      "",
      "--o",
      "Content-Type: message/feedback-report",
      "",
      "Feedback-Type: abuse",
      "Original-Rcpt-To: <bob@far.example>",
      "--o--",
    );
    expect(bounce).toMatchObject({ complaint: "abuse", complainant: "bob@far.example" });
  });
});

describe("a report without fields", () => {
  const FAR = { address: "bob@far.example", action: "failed" };
  const plain = (from: string, subject: string, ...text: readonly string[]) =>
    read(
      `From: ${from}`,
      "To: shop@example.com",
      `Subject: ${subject}`,
      "Content-Type: text/plain; charset=utf-8",
      "",
      ...text,
    );

  it.each([
    [
      "a gateway of text messages",
      "post_master@mms.example",
      "Re: Hi",
      "550 - no such user here",
      "RCPT TO: bob@far.example",
    ],
    ["IMail", "postmaster@mx.example", "Undeliverable Mail", "Invalid final delivery userid: bob@far.example"],
    [
      "Exim",
      "Mailer-Daemon@mx.example",
      "Mail failure - malformed recipient address",
      "  bob@far.example: malformed address: x",
    ],
    ["a Spanish server", "no-reply@mx.example", "=?utf-8?Q?No_se_pudo_entregar?=", "bob@far.example: user unknown"],
    [
      "a Japanese server",
      "no-reply@mx.example",
      "=?utf-8?B?44Oh44O844Or44Ko44Op44O86YCa55+l?=",
      "Could not be delivered to: <bob@far.example>",
    ],
  ])("of %s is understood", (_name, from, subject, ...text) => {
    expect(plain(from, subject, ...text)?.recipients).toMatchObject([FAR]);
  });

  it("names its recipient in the copy of the mail only", () => {
    const copy = ["Original Message:", "From: shop@example.com", "To: bob@far.example", "Subject: Hi"];
    const bounce = plain("sysadmin@mms.example", "Undeliverable Message", "No valid recipients.", "", ...copy);
    expect(bounce?.recipients).toMatchObject([{ ...FAR, status: "5.1.1" }]);
  });

  it("is no report where a person writes of failures", () => {
    expect(plain("ann@far.example", "Invalid invoice", "bob@far.example was refused, unknown user")).toBeUndefined();
  });

  it("of Outlook.com about spam is a complaint", () => {
    const bounce = read(
      "From: staff@hotmail.com",
      "Subject: complaint about message from 192.0.2.1",
      "Content-Type: multipart/mixed; boundary=b",
      "",
      "--b",
      "Content-Type: message/rfc822",
      "",
      ...RETURNED,
      "",
      "--b--",
    );
    expect(bounce).toEqual({ activityId: ID, messageId: `<${ID}@example.com>`, recipients: [], complaint: "abuse" });
  });
});
