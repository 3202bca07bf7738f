import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBounce } from "../../../../../src/platforms/email/inbound/bounce.ts";
import { activityIdIn, returnedIdIn } from "../../../../../src/platforms/email/inbound/bounce-ids.ts";

const OURS = "01KAQ7P3Y8ZJ4M5N6P7Q8R9STV";
const OTHER = "01KAQ7P3Y8ZJ4M5N6P7Q8R9STW";
const read = (...lines: readonly string[]) => readBounce(Buffer.from(lines.join("\r\n"), "latin1"));
const HEAD = [
  "From: MAILER-DAEMON@mx.example.test",
  "To: shop@example.com",
  "Subject: Returned mail",
  "Message-ID: <report@mx.example.test>",
];
const STATUS = [
  "Content-Type: message/delivery-status",
  "",
  "Reporting-MTA: dns; mx.example.test",
  "",
  "Final-Recipient: rfc822; bob@far.example",
  "Action: failed",
  "Status: 5.1.1",
];
const MAIL = ["From: shop@example.com", "To: bob@far.example", `Message-ID: <${OURS}@example.com>`, "", "Hello"];
const report = (...returned: readonly string[]) =>
  read(...HEAD, "Content-Type: multipart/report; boundary=b", "", "--b", ...STATUS, "--b", ...returned, "--b--");

describe("the returned mail's id", () => {
  it.each([
    ["in a part of the type message/partial", ["Content-Type: message/partial", "", ...MAIL]],
    [
      "in an attached text",
      ["Content-Type: text/plain", "Content-Disposition: attachment; filename=head.txt", "", ...MAIL],
    ],
    ["as the head of a part", MAIL],
    [
      "behind a delimiter with another boundary",
      ["Content-Type: text/plain", "", "--c", "Content-Type: message/rfc822", "", ...MAIL],
    ],
  ])("is found %s", (_name, returned) => {
    expect(report(...returned)).toMatchObject({ activityId: OURS, messageId: `<${OURS}@example.com>` });
  });

  it("is found in a report about a report, whose own id is skipped", () => {
    const inner = [
      "From: Postmaster@far.example",
      "Message-ID: <inner@far.example>",
      "Subject: Failure",
      "",
      "Sorry.",
      "",
    ];
    expect(report("Content-Type: message/rfc822", "", ...inner, ...MAIL)).toMatchObject({ activityId: OURS });
    expect(report("Content-Type: message/rfc822", "", ...inner)).toMatchObject({ messageId: "<inner@far.example>" });
  });

  it("is not taken from a mail that another mail quotes or forwards", () => {
    const foreign = ["From: ann@example.com", "Message-ID: <foreign@example.com>", "", "See below.", ""];
    const bounce = report("Content-Type: message/rfc822", "", ...foreign, ...MAIL.map((line) => `> ${line}`));
    expect(bounce).toMatchObject({ messageId: "<foreign@example.com>" });
    expect(bounce?.activityId).toBeUndefined();
  });

  it("is not taken from the report's own head", () => {
    const head = HEAD.map((line) => line.replace("report@mx.example.test", `${OTHER}@example.com`));
    const bounce = read(...head, "", "<bob@far.example>: user unknown");
    expect(bounce).toMatchObject({ recipients: [{ address: "bob@far.example", status: "5.1.1" }] });
    expect(bounce?.activityId).toBeUndefined();
  });
});

describe("an id in a report", () => {
  const id = "01J0ABCDEFGHJKMNPQRSTVWXYZ";
  const noise = fc.array(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("Message-ID: <", "X-Dragoman-Id:", ">", "\r\n", "@", "=")),
  );
  const sources = { envelopeId: "", returned: "", text: "", raw: "", answered: "", recipients: "" };

  it("is found in our own field, whatever stands around it", () => {
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        const returned = `${before.join("").replace(/dragoman-id/gi, "")}\r\nX-Dragoman-Id: ${id}\r\n${after.join("")}`;
        expect(activityIdIn({ ...sources, returned })).toBe(id);
      }),
    );
  });

  it("is an id or nothing, in any text", () => {
    fc.assert(
      fc.property(noise, (pieces) => {
        const text = pieces.join("");
        const everywhere = { envelopeId: text, returned: text, text, raw: text, answered: text, recipients: text };
        const found = activityIdIn(everywhere);
        if (found !== undefined) expect(found).toMatch(/^[0-7][0-9A-Z]{25}$/);
        const messageId = returnedIdIn(everywhere);
        if (messageId !== undefined) expect(messageId).toMatch(/^<[^<>\s]+>$/);
      }),
    );
  });
});
