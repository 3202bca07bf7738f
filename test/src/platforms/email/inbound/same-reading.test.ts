import fc from "fast-check";
import type { ImapFlow } from "imapflow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IMAP_TIMEOUTS, openImap } from "../../../../../src/platforms/email/client/imap/connection.ts";
import { searchUids } from "../../../../../src/platforms/email/client/imap/find-mails.ts";
import { openPop3, POP3_TIMEOUTS, type Pop3Client } from "../../../../../src/platforms/email/client/pop3/client.ts";
import { readMail } from "../../../../../src/platforms/email/inbound/imap-read.ts";
import { MAX_MAIL_BYTES, mailReaders } from "../../../../../src/platforms/email/inbound/mail-reader.ts";
import type { InboundMessage } from "../../../../../src/platforms/email/schemas/inbound-mail.ts";
import { mailParts, mailWith } from "../../../../support/arbitrary-mail.ts";
import { type TestDovecot, testDovecot } from "../../../../support/dovecot.ts";
import { lmtpMailer } from "../../../../support/lmtp-mailer.ts";
import { loopbackEgress } from "../../../../support/loopback-egress.ts";
import { UUENCODED_PART } from "../../../../support/uuencoded-part.ts";

const guard = loopbackEgress();
const readers = mailReaders(1, 60_000);
const reader = readers.forApp("app1");
const { signal } = new AbortController();
let server: TestDovecot;
let imap: ImapFlow;
let pop3: Pop3Client;

const PAIRS = 150;
const samples = fc.sample(mailParts, { numRuns: PAIRS, seed: 4_711 });

/** Heads of mails whose parts a server finds only in part, or not at all. */
const BROKEN = {
  "no boundary": ["Content-Type: multipart/mixed", "", "--b"],
  "another boundary": ["Content-Type: multipart/mixed; boundary=a", "", "--b"],
  "a boundary that is not folded": ["Content-Type: multipart/mixed;", "boundary=b", "", "--b"],
  "no semicolon": ["Content-Type: multipart/mixed boundary=b", "", "--b"],
  "a multipart without a boundary inside": [
    "Content-Type: multipart/mixed; boundary=c",
    "",
    "--c",
    "Content-Type: multipart/mixed",
    "",
    "--b",
  ],
  "nothing wrong": ["Content-Type: multipart/mixed; boundary=b", "", "--b"],
};

function brokenMail(head: readonly string[], fileBytes: number): Buffer {
  const lines = [
    "From: ann@example.test",
    "Subject: broken",
    ...head,
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: base64",
    "",
    "This is no base64: Gr\xfc\xdfe",
    "--b",
    'Content-Type: text/plain; name="Gr\xfc\xdfe.txt"',
    "",
    "named",
    "--b",
    "Content-Type: application/pdf name=a b.pdf",
    "Content-Disposition: attachment; filename=a b.pdf",
    "",
    "pdf",
    "--b",
    ...UUENCODED_PART,
    "--b",
    "Content-Type: application/octet-stream",
    "",
    "x"
      .repeat(76)
      .concat("\r\n")
      .repeat(fileBytes / 76),
    "--b--",
    "",
  ];
  return Buffer.from(lines.join("\r\n"), "latin1");
}

beforeAll(async () => {
  server = await testDovecot(["bob"]);
  const lmtp = lmtpMailer(server.lmtpPort);
  for (const parts of samples) {
    await lmtp.put("bob", mailWith(parts, "small", 100));
    await lmtp.put("bob", mailWith(parts, "large", 250_000));
  }
  for (const head of Object.values(BROKEN)) {
    await lmtp.put("bob", brokenMail(head, 76));
    await lmtp.put("bob", brokenMail(head, 400_000));
  }
  lmtp.close();
  const login = { user: "bob", password: "bob-pw" };
  const common = { connect: guard.connect, host: "127.0.0.1", tls: "none", login } as const;
  imap = await openImap({ ...common, port: server.imapPort, timeouts: IMAP_TIMEOUTS }, false, signal);
  await imap.mailboxOpen("INBOX", { readOnly: true });
  pop3 = await openPop3({ ...common, port: server.pop3Port, timeouts: POP3_TIMEOUTS }, signal);
});
afterAll(async () => {
  pop3.close();
  imap.close();
  await readers.close();
  await server.stop();
  await guard.close();
});

/** Returns the compared properties of a mail. Sizes are estimates where files were not read. */
function compared({ body, html, attachments = [] }: InboundMessage) {
  return { body, html, files: attachments.slice(0, -1).map(({ size: _, ...file }) => file) };
}

async function readOverImap(number: number): Promise<InboundMessage> {
  const uid = (await searchUids(imap, { all: true }))[number - 1] ?? 0;
  const fetched = await readMail(imap, uid, reader, signal);
  if (!fetched) throw new Error("The mail is gone");
  return fetched.mail.object;
}

async function readOverPop3(number: number): Promise<InboundMessage> {
  const { bytes } = await pop3.retr(number, MAX_MAIL_BYTES);
  return (await reader.read(bytes, signal)).object;
}

describe("a mail", () => {
  it("reads the same below and above 256 KiB, over IMAP and over POP3", async () => {
    const unlike: unknown[] = [];
    for (const [index, parts] of samples.entries()) {
      const small = await readOverImap(2 * index + 1);
      const large = await readOverImap(2 * index + 2);
      const overPop3 = await readOverPop3(2 * index + 1);
      if (
        JSON.stringify([small.body, small.html, small.attachments]) !==
        JSON.stringify([overPop3.body, overPop3.html, overPop3.attachments])
      )
        unlike.push({ index, imap: small, pop3: overPop3 });
      if (JSON.stringify(compared(small)) !== JSON.stringify(compared(large)))
        unlike.push({ parts, small: compared(small), large: compared(large) });
    }
    expect(unlike).toEqual([]);
  }, 300_000);

  it.each(Object.keys(BROKEN).map((name, index) => ({ name, number: 2 * (PAIRS + index) + 1 })))(
    "with $name reads the same below and above 256 KiB, over IMAP and over POP3",
    async ({ number }) => {
      const small = await readOverImap(number);
      const overPop3 = await readOverPop3(number);
      const largeOverPop3 = await readOverPop3(number + 1);
      expect(small.body).toBe("This is no base64: Grüße");
      expect(small.attachments?.map(({ name, mediaType }) => `${mediaType} ${name ?? ""}`)).toEqual([
        "text/plain Grüße.txt",
        "application/pdf a b.pdf",
        "image/gif cat.gif",
        "application/octet-stream ",
      ]);
      expect(overPop3).toEqual(small);
      const large = await readOverImap(number + 1);
      expect(compared(large)).toEqual(compared(small));
      expect(compared(largeOverPop3)).toEqual(compared(small));
    },
  );
});
