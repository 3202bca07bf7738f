import { spawn, spawnSync } from "node:child_process";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type ParsedMail, simpleParser } from "mailparser";
import nodemailer from "nodemailer";
import { SMTPServer } from "smtp-server";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { readConfig } from "../../src/config/settings.ts";
import { startSubmission } from "../../src/main/submission.ts";
import { silentLog } from "../../src/model/log.ts";
import { ROOT } from "../support/docs-samples.ts";
import { freePort } from "../support/free-port.ts";
import { gateway } from "../support/gateway.ts";
import { certificate } from "../support/mail-certificate.ts";

interface Caught {
  readonly mail: ParsedMail;
  readonly raw: string;
  /** Envelope sender. */
  readonly from: string;
  readonly to: readonly string[];
}

let core: Awaited<ReturnType<typeof gateway>>;
let relay: SMTPServer;
let key: string;
let port: number;
let dir: string;
const caught: Caught[] = [];
afterEach(() => {
  caught.length = 0;
});

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-mail-in-"));
  relay = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    logger: false,
    onRcptTo: ({ address }, _session, done) => {
      const refusal = Object.assign(new Error("5.1.1 No such user"), { responseCode: 550 });
      done(address.startsWith("nobody") ? refusal : null);
    },
    onData: (stream, { envelope }, done) => {
      buffer(stream).then(async (bytes) => {
        const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        caught.push({ mail: await simpleParser(bytes), raw: bytes.toString("latin1"), from, to });
        done();
      }, done);
    },
  });
  const relayPort = await freePort();
  await new Promise<void>((resolve) => relay.listen(relayPort, "127.0.0.1", () => resolve()));
  core = await gateway({ SMTP_LISTEN: "127.0.0.1:0", PLATFORMS: "+dummy" }, { relay: `smtp://127.0.0.1:${relayPort}` });
  port = core.submissionPort ?? 0;
  key = await core.keyOf("site");
});
afterAll(async () => {
  await core?.stop();
  await new Promise<void>((resolve) => relay.close(() => resolve()));
  await rm(dir, { recursive: true, force: true });
});

const transport = (pass = key) =>
  nodemailer.createTransport({ host: "127.0.0.1", port, auth: { user: "site", pass }, ignoreTLS: true });

/** The accepted activity, as the app sees it. */
async function activity(rid: string): Promise<Record<string, unknown> & { readonly status: string }> {
  const response = await fetch(`${core.url}/gateway/activities/${encodeURIComponent(rid)}`, {
    headers: { Authorization: `Bearer ${key}` },
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown> & { readonly status: string };
}

/** Tells whether the gateway knows an activity of the app by its rid. */
async function exists(rid: string): Promise<boolean> {
  const headers = { Authorization: `Bearer ${key}` };
  return (await fetch(`${core.url}/gateway/activities/${encodeURIComponent(rid)}`, { headers })).status === 200;
}

/** Sends these bytes and hangs up; answers all that was said. */
function dialogue(...parts: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    let transcript = "";
    const socket = connect(port, "127.0.0.1");
    const rest = [...parts];
    socket.setEncoding("latin1").on("data", (text: string) => {
      transcript += text;
      if (!/^\d{3} .*\r\n$/m.test(text)) return;
      const next = rest.shift();
      if (next === undefined) socket.end();
      else socket.write(next, "latin1");
    });
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(transcript));
  });
}
const plain = (pass: string) => `AUTH PLAIN ${Buffer.from(`\0site\0${pass}`).toString("base64")}\r\n`;
const opening = () => [
  "EHLO test\r\n",
  plain(key),
  "MAIL FROM:<a@shop.example>\r\n",
  "RCPT TO:<b@example.org>\r\n",
  "DATA\r\n",
];

describe("A mail handed in by SMTP", () => {
  it("goes out as it came: names, copies, HTML, inline pictures, attachments", async () => {
    await transport().sendMail({
      messageId: "<whole@shop.example>",
      from: { name: "Der Läden", address: "shop@shop.example" },
      to: { name: "Ann, Dr.", address: "ann@example.org" },
      cc: "carl@example.org",
      bcc: "bea@example.org",
      replyTo: "help@shop.example",
      inReplyTo: "<before@example.org>",
      references: ["<first@example.org>", "<before@example.org>"],
      subject: "Grüße aus dem Laden",
      text: "Guten Tag\n.\nein Punkt",
      html: '<p>Guten Tag <img src="cid:logo+1@shop"></p>',
      headers: { "X-Order": "7", "List-Id": "<orders.shop.example>" },
      attachments: [
        { filename: "Rechnung.pdf", content: Buffer.from("%PDF-1.4"), contentType: "application/pdf" },
        { filename: "logo.png", content: Buffer.from([137, 80, 78, 71]), cid: "logo+1@shop" },
      ],
    });
    await vi.waitFor(() => expect(caught.length).toBeGreaterThan(0), { timeout: 20_000 });
    expect(await activity("whole@shop.example")).toMatchObject({ rid: "whole@shop.example" });
    const all = caught.flatMap(({ to }) => to).sort();
    expect(all).toEqual(["ann@example.org", "bea@example.org", "carl@example.org"]);
    const { mail } = caught[0] as Caught;
    expect(mail.subject).toBe("Grüße aus dem Laden");
    expect(mail.from?.value).toMatchObject([{ name: "Der Läden", address: "shop@shop.example" }]);
    expect([mail.to].flat()[0]?.value).toMatchObject([{ name: "Ann, Dr.", address: "ann@example.org" }]);
    expect(JSON.stringify([mail.to, mail.cc])).not.toContain("bea@example.org");
    expect(mail.text?.replaceAll("\r", "").trim()).toBe("Guten Tag\n.\nein Punkt");
    expect(mail.inReplyTo).toBe("<before@example.org>");
    expect(mail.replyTo?.value).toMatchObject([{ address: "help@shop.example" }]);
    expect(mail.headers.get("x-order")).toBe("7");
    expect(mail.attachments.map(({ filename, content }) => [filename, content.length]).sort()).toEqual([
      ["Rechnung.pdf", 8],
      ["logo.png", 4],
    ]);
  });

  it("is one, however often it is handed in; another for other recipients is not", async () => {
    const mail = { messageId: "<once@shop.example>", from: "shop@shop.example", subject: "Once", text: "only" };
    for (let n = 0; n < 3; n++) await transport().sendMail({ ...mail, to: "ann@example.org", date: new Date(0) });
    await transport().sendMail({
      ...mail,
      to: "ann@example.org",
      envelope: { from: "shop@shop.example", to: "list@example.org" },
    });
    await vi.waitFor(() => expect(caught.length).toBe(2), { timeout: 20_000 });
    await activity("once@shop.example");
    expect(caught.flatMap(({ to }) => to).sort()).toEqual(["ann@example.org", "list@example.org"]);
  });

  it("to a network's address is a message there", async () => {
    const { response } = await transport().sendMail({
      messageId: "<alarm@shop.example>",
      from: "bot%2F1@dummy.gateway",
      to: "ops%23room@dummy.gateway",
      subject: "Disk full",
      text: "98 %",
    });
    const rid = /Taken as (\S+)/.exec(response)?.[1] ?? "";
    expect(await activity(rid)).toMatchObject({
      rid: expect.stringMatching(/^alarm@shop\.example~/),
      platform: "dummy",
      actor: { address: "bot/1" },
      target: [{ address: "ops#room" }],
    });
  });

  it("is refused in the gateway's words where it can't be", async () => {
    const mail = { from: "shop@shop.example", subject: "x", text: "x" };
    await expect(transport().sendMail({ ...mail, to: "a@nowhere.gateway" })).rejects.toThrow(
      /^Message failed: 550 5\.1\.8|550 5/,
    );
    await expect(transport().sendMail({ ...mail, to: "a@gateway" })).rejects.toThrow("5.1.3");
    await expect(transport("dgm_wrong").sendMail({ ...mail, to: "a@example.org" })).rejects.toThrow("5.7.8");
    const listener = await core.keyOf("listener", ["listen"]);
    await expect(transport(listener).sendMail({ ...mail, to: "a@example.org" })).rejects.toThrow("5.7.8");
    await expect(
      transport().sendMail({ ...mail, to: "a@example.org", text: "x".repeat(11 * 1024 * 1024) }),
    ).rejects.toThrow(/552/);
    expect(caught).toEqual([]);
  });
});

describe("A notification of the sender (DSN)", () => {
  const transaction = (mailTerms: string, recipients: readonly string[], id: string, from = "shop@shop.example") =>
    dialogue(
      "EHLO test\r\n",
      plain(key),
      `MAIL FROM:<${mailTerms}\r\n`,
      ...recipients.map((recipient) => `RCPT TO:<${recipient}\r\n`),
      "DATA\r\n",
      `From: ${from}\r\nSubject: Your order ${id}\r\nMessage-ID: <${id}@shop.example>\r\n\r\nx\r\n.\r\n`,
    );
  const reports = () => caught.filter(({ from }) => from === "");
  /** Lines of the report's part for programs. */
  const statusOf = ({ raw }: Caught) => raw.slice(raw.indexOf("Reporting-MTA"));

  it("tells of failures, in the form of RFC 3464, from nobody, once", async () => {
    const transcript = await transaction(
      "bounces@shop.example> RET=HDRS ENVID=order+2B7",
      ["nobody@example.org> ORCPT=rfc822;No+2BBody@example.org", "ann@example.org>"],
      "dsn-1",
    );
    expect(transcript).toMatch(/^250[ -]DSN/m);
    await vi.waitFor(() => expect(reports()).toHaveLength(1), { timeout: 20_000 });
    const [report] = reports() as [Caught];
    expect(report.to).toEqual(["bounces@shop.example"]);
    expect(report.raw).toMatch(/^Content-Type: multipart\/report; report-type=delivery-status;/m);
    expect(report.raw).toMatch(/^Auto-Submitted: auto-replied\r$/m);
    expect(report.mail.from?.value).toMatchObject([{ name: "Mail Delivery System", address: "shop@shop.example" }]);
    expect(report.mail.text).toContain("nobody@example.org could not be delivered");
    expect(report.mail.text).not.toContain("ann@example.org");
    const status = statusOf(report);
    for (const line of [
      "Reporting-MTA: dns; gateway",
      "Original-Envelope-Id: order+7",
      "Original-Recipient: rfc822;No+Body@example.org",
      "Final-Recipient: rfc822; nobody@example.org",
      "Action: failed",
      "Status: 5.1.1",
      "Diagnostic-Code: smtp; 550 5.1.1 No such user",
    ])
      expect(status.split("\r\n")).toContain(line);
    expect(status).toMatch(/^Subject: Your order dsn-1\r$/m);
    // The notification itself is an activity whose rid is known.
    expect(await activity("dsn-1@shop.example~dsn")).toMatchObject({ target: [{ address: "bounces@shop.example" }] });
    await vi.waitFor(async () => expect((await activity("dsn-1@shop.example~dsn")).status).toBe("sent"));
    expect(reports()).toHaveLength(1);
  });

  it("tells of success where RCPT asks for it, and of nothing where it says NEVER or the sender is empty", async () => {
    await transaction("shop@shop.example>", ["nobody@example.org> NOTIFY=NEVER"], "dsn-2");
    await transaction(">", ["nobody@example.org>"], "dsn-3");
    await transaction("shop@shop.example>", ["nobody@example.org> NOTIFY=SUCCESS"], "dsn-4");
    await transaction("bot@dummy.gateway>", ["nobody@example.org>"], "dsn-5");
    for (const n of [2, 3, 4, 5])
      await vi.waitFor(async () => expect((await activity(`dsn-${n}@shop.example`)).status).toBe("failed"), {
        timeout: 20_000,
      });
    await transaction("shop@shop.example>", ["ann@example.org> NOTIFY=SUCCESS,FAILURE", "bea@example.org>"], "dsn-6");
    await vi.waitFor(() => expect(reports()).toHaveLength(1), { timeout: 20_000 });
    const status = statusOf(reports()[0] as Caught);
    expect(status).toMatch(/^Final-Recipient: rfc822; ann@example\.org\r\nAction: relayed\r\nStatus: 2\.0\.0\r$/m);
    expect(status).not.toContain("bea@example.org");
    for (const n of [2, 3, 4, 5]) expect(await exists(`dsn-${n}@shop.example~dsn`)).toBe(false);
  });

  it("tells of messages on other networks as well", async () => {
    const room = "ops%23room@dummy.gateway";
    await transaction("shop@shop.example>", [`${room}> NOTIFY=SUCCESS`], "dsn-7", "bot@dummy.gateway");
    await vi.waitFor(() => expect(reports()).toHaveLength(1), { timeout: 20_000 });
    const [report] = reports() as [Caught];
    expect(report.mail.from?.value).toMatchObject([{ address: "shop@shop.example" }]);
    expect(statusOf(report)).toContain(`Final-Recipient: rfc822; ${room}\r\nAction: relayed\r\n`);
  });

  it("is refused where its terms are none", async () => {
    expect(await transaction("shop@shop.example>", ["ann@example.org> NOTIFY=NEVER,FAILURE"], "dsn-8")).toMatch(
      /^501 /m,
    );
    expect(await transaction("shop@shop.example> RET=SOME", ["ann@example.org>"], "dsn-9")).toMatch(/^501 /m);
    for (const n of [8, 9]) expect(await exists(`dsn-${n}@shop.example`)).toBe(false);
  });
});

describe("The mail listener", () => {
  it("is no open relay: nothing without a login", async () => {
    const transcript = await dialogue("EHLO test\r\n", "MAIL FROM:<a@shop.example>\r\n", "RCPT TO:<b@example.org>\r\n");
    expect(transcript).toMatch(/^530 /m);
    expect(transcript).not.toMatch(/^354 /m);
  });

  it.each([
    [
      "a bare LF before the dot",
      "Message-ID: <lf1@s>\r\n\r\nHello\n.\r\nMAIL FROM:<x@evil.example>\r\nRCPT TO:<y@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n",
    ],
    ["a bare LF after the dot", "Message-ID: <lf2@s>\r\n\r\nHello\r\n.\nMAIL FROM:<x@evil.example>\r\n\r\n.\r\n"],
    ["bare LFs around the dot", "Message-ID: <lf3@s>\r\n\r\nHello\n.\nMAIL FROM:<x@evil.example>\r\n\r\n.\r\n"],
    ["bare CRs", "Message-ID: <lf4@s>\r\n\r\nHello\r.\rMAIL FROM:<x@evil.example>\r\n.\r\n"],
  ])("takes no mail with %s", async (_title, body) => {
    const transcript = await dialogue(...opening(), body);
    expect(transcript).toMatch(/^550 5\.6\.0 /m);
    expect(transcript.match(/^250 2\.0\.0/gm)).toBeNull();
    for (const rid of ["lf1@s", "lf2@s", "lf3@s", "lf4@s"]) expect(await exists(rid)).toBe(false);
  });

  it("ends mails that go round in circles", async () => {
    const hops = "Received: from a by b\r\n".repeat(40);
    expect(await dialogue(...opening(), `${hops}Message-ID: <loop@s>\r\n\r\nx\r\n.\r\n`)).toMatch(/^554 5\.4\.6 /m);
    expect(await exists("loop@s")).toBe(false);
  });

  it("takes pipelined commands in their order, and nothing of what follows a refused login", async () => {
    const transcript = await dialogue(
      `EHLO test\r\n${plain("dgm_wrong")}MAIL FROM:<a@shop.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n`,
    );
    expect(transcript).not.toMatch(/^354 /m);
  });

  it("off loopback needs a certificate; with one, logins come after STARTTLS only", async () => {
    const open = readConfig({ SMTP_LISTEN: "0.0.0.0:0" });
    await expect(startSubmission(open, {} as never, silentLog)).rejects.toThrow("SMTP_LISTEN_CERT");
    const { certFile, keyFile, cert } = certificate(dir);
    const safe = await gateway({
      SMTP_LISTEN: "127.0.0.1:0",
      SMTP_LISTEN_CERT: certFile,
      SMTP_LISTEN_KEY: keyFile,
      PLATFORMS: "+dummy",
    });
    try {
      const options = {
        host: "127.0.0.1",
        port: safe.submissionPort ?? 0,
        auth: { user: "x", pass: await safe.keyOf("tls") },
      };
      const mail = { from: "a@dummy.gateway", to: "b@dummy.gateway", text: "x" };
      await expect(nodemailer.createTransport({ ...options, ignoreTLS: true }).sendMail(mail)).rejects.toThrow();
      const tls = { ca: cert, servername: "localhost" };
      await nodemailer.createTransport({ ...options, requireTLS: true, tls }).sendMail(mail);
    } finally {
      await safe.stop();
    }
  });
});

describe("Programs that know SMTP", () => {
  it("swaks sends", async () => {
    const words = ["--server", `127.0.0.1:${port}`, "--auth", "PLAIN", "--auth-user", "site", "--auth-password", key];
    const mail = [
      "--from",
      "shop@shop.example",
      "--to",
      "ann@example.org",
      "--h-Subject",
      "By swaks",
      "--body",
      "Hello",
    ];
    const { status, output } = await run("swaks", [...words, ...mail]);
    expect(status, output).toBe(0);
    await vi.waitFor(() => expect(caught.map(({ mail }) => mail.subject)).toEqual(["By swaks"]), { timeout: 20_000 });
  });

  it("Python's smtplib sends", async () => {
    const script = `
import smtplib, sys
from email.message import EmailMessage
mail = EmailMessage()
mail["From"], mail["To"], mail["Subject"] = "shop@shop.example", "ann@example.org", "Von Python: äöü"
mail.set_content("Hallo")
with smtplib.SMTP("127.0.0.1", ${port}) as server:
    server.login("site", sys.argv[1])
    server.send_message(mail)
`;
    const { status, output } = await run("python3", ["-c", script, key]);
    expect(status, output).toBe(0);
    await vi.waitFor(() => expect(caught.map(({ mail }) => mail.subject)).toEqual(["Von Python: äöü"]), {
      timeout: 20_000,
    });
  });
});

/** Runs a program to its end, while this process goes on. */
function run(program: string, args: readonly string[], input = "", env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ readonly status: number | null; readonly output: string }>((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env } });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (output += String(part)));
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, output }));
    child.stdin.end(input);
  });
}

describe("sendmail", () => {
  const program = join(ROOT, "bin/sendmail.mjs");
  let conf: string;
  let spool: string;
  const settle = async (at = port) => {
    await writeFile(join(dir, "key"), `${key}\n`);
    await writeFile(
      conf,
      `# where the gateway takes mail\nsmtp = 127.0.0.1:${at}\nkey_file = ${dir}/key\nspool = ${spool}\n`,
    );
  };
  beforeAll(async () => {
    conf = join(dir, "sendmail.conf");
    spool = join(dir, "spool");
    await settle();
  });
  const sendmail = (args: readonly string[], input: string) =>
    run(process.execPath, [program, ...args], input, { DRAGOMAN_SENDMAIL_CONF: conf });
  const waiting = async () => (await readdir(spool)).filter((name) => name.endsWith(".mail"));

  it("carries PHP's mail()", async () => {
    const shim = join(dir, "sendmail.sh");
    await writeFile(shim, `#!/bin/sh\nDRAGOMAN_SENDMAIL_CONF=${conf} exec ${process.execPath} ${program} "$@"\n`);
    await chmod(shim, 0o755);
    const code = `exit(mail("ann@example.org", "Aus PHP", "Zeile 1\\n.\\nZeile 3", "From: shop@shop.example\\r\\nBcc: bea@example.org") ? 0 : 1);`;
    const { status, output } = await run("php", ["-d", `sendmail_path=${shim} -t -i`, "-r", code]);
    expect(status, output).toBe(0);
    await vi.waitFor(
      () => expect(caught.flatMap(({ to }) => to).sort()).toEqual(["ann@example.org", "bea@example.org"]),
      {
        timeout: 20_000,
      },
    );
    expect(caught[0]?.mail.subject).toBe("Aus PHP");
    expect(caught[0]?.mail.text?.trim()).toBe("Zeile 1\n.\nZeile 3");
    expect(await waiting()).toEqual([]);
  });

  it("takes cron's words, and recipients on its command line", async () => {
    const { status, output } = await sendmail(
      ["-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-f", "root@shop.example", "ann@example.org"],
      "Subject: Cron\n\ndone\n",
    );
    expect(status, output).toBe(0);
    await vi.waitFor(() => expect(caught).toHaveLength(1), { timeout: 20_000 });
    expect(caught[0]?.mail.from?.value).toMatchObject([{ name: "CronDaemon", address: "root@shop.example" }]);
  });

  it("keeps mail on disk while the gateway is away, and hands it in later, once", async () => {
    await settle(await freePort());
    for (const n of [1, 2])
      expect(
        (await sendmail(["-t"], `To: ann@example.org\nFrom: shop@shop.example\nSubject: Away ${n}\n\nx\n`)).status,
      ).toBe(0);
    expect(await waiting()).toHaveLength(2);
    await settle();
    const flushes = await Promise.all([sendmail(["-q"], ""), sendmail(["-q"], ""), sendmail(["-q"], "")]);
    expect(flushes.map(({ status }) => status)).toEqual([0, 0, 0]);
    await vi.waitFor(() => expect(caught).toHaveLength(2), { timeout: 20_000 });
    expect(await waiting()).toEqual([]);
    expect((await sendmail(["-bp"], "")).output).toContain("empty");
  });

  it("says by its exit code what the caller did wrong", async () => {
    expect((await sendmail(["-t"], "Subject: nobody\n\nx\n")).status).toBe(64);
    expect((await sendmail(["-bd"], "")).status).toBe(64);
    const refused = await sendmail(["a@gateway"], "Subject: x\n\nx\n");
    expect([refused.status, refused.output]).toEqual([65, expect.stringContaining("5.1.3")]);
    await writeFile(join(dir, "key"), "dgm_wrong\n");
    expect((await sendmail(["ann@example.org"], "Subject: x\n\nx\n")).status).toBe(78);
    await settle();
    expect(await waiting()).toEqual([]);
    expect(caught).toEqual([]);
  });

  it("speaks SMTP on its standard input", async () => {
    const { status, output } = await sendmail(
      ["-bs"],
      "EHLO x\r\nMAIL FROM:<shop@shop.example>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\nFrom: shop@shop.example\r\nSubject: bs\r\n\r\nx\r\n.\r\nQUIT\r\n",
    );
    expect(status, output).toBe(0);
    expect(output).toMatch(/^220 [\s\S]*^250 2\.0\.0 Taken/m);
    await vi.waitFor(() => expect(caught).toHaveLength(1), { timeout: 20_000 });
  });

  it("has its own help in no one's way: a missing key file is a sentence", () => {
    const { status, stderr } = spawnSync(process.execPath, [program, "a@example.org"], {
      env: { PATH: process.env.PATH, DRAGOMAN_SENDMAIL_CONF: join(dir, "none.conf") },
      input: "x",
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([78, expect.stringContaining("key can't be read")]);
  });
});
