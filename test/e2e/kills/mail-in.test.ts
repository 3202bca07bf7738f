import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import nodemailer from "nodemailer";
import { afterEach, expect, test, vi } from "vitest";
import { auditDelivery, auditLine } from "../../support/delivery-audit.ts";
import { ROOT } from "../../support/docs-samples.ts";
import { type EventListener, eventListener } from "../../support/event-listener.ts";
import { expectNothingLost } from "../../support/expect-nothing-lost.ts";
import { repetitions } from "../../support/extent.ts";
import { freePort } from "../../support/free-port.ts";
import { firstKey, gatewayProcess } from "../../support/gateway-process.ts";
import { awaitResults, statusesOf } from "../../support/kill-run.ts";
import type { PostedActivity } from "../../support/load-client.ts";
import { testRedis } from "../../support/redis.ts";
import { type RelayLedger, relayLedger } from "../../support/relay-ledger.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const KILLS = Number(process.env.KILL_COUNT ?? repetitions({ few: 3, long: 20 }));
const CLIENTS = 4;
/** Every so many mails one is for a recipient whom the relay refuses. */
const REFUSED_EVERY = 5;
/** Every so many accepted mails one is handed in again. */
const AGAIN_EVERY = 3;
/** Name of the client that calls sendmail. */
const SENDMAIL = "sendmail";

const ended: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

test(`the API, killed ${KILLS} times while mail is submitted, loses and doubles none of it, nor of its notifications`, async () => {
  const random = seededRandom();
  console.log(`KILL_SEED=${random.seed}`);
  const { api, key, listener, relay, submission } = await setUp();
  const smtp = Array.from({ length: CLIENTS }, (_, index) => smtpClient(submission, `c${index}`));
  const program = sendmailClient(submission);
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(random.between(200, 1_500));
    await api.kill();
    // The client of sendmail goes on while nobody takes its mail.
    await sleep(random.between(0, 300));
    await api.start();
  }
  const mails = (await Promise.all([...smtp, program].map((client) => client.stop()))).flat();
  await submission.flush();
  expect(await submission.spooled()).toEqual([]);

  const verdict = await audit({ base: api.base, key, listener, relay }, mails);
  const spooled = mails.filter(({ lane }) => lane === SENDMAIL).length;
  console.log(`mail-in ${auditLine(verdict)} | by sendmail ${spooled} | ${KILLS} kills seed ${random.seed}`);
  expect(spooled).toBeGreaterThan(0);
  expectNothingLost(verdict);
  // The work of a worker that lives is never in doubt.
  expect(verdict.unknown).toBe(0);
}, 900_000);

type Submission = Awaited<ReturnType<typeof setUp>>["submission"];
type MailClient = ReturnType<typeof smtpClient>;

/** Starts Redis, a relay, a worker, and an API that takes mail. */
async function setUp() {
  const dataDir = await mkdtemp(join(tmpdir(), "dgm-kill-mail-in-"));
  ended.push(() => rm(dataDir, { recursive: true, force: true }));
  const relay = await relayLedger();
  ended.push(relay.close);
  const redis = await testRedis();
  ended.push(redis.stop);
  const port = await freePort();
  const env = { REDIS_URL: redis.url, SMTP_URL: relay.url };
  const api = await gatewayProcess({ role: "api", dataDir, env: { ...env, SMTP_LISTEN: `127.0.0.1:${port}` } });
  ended.push(api.stop);
  const worker = await gatewayProcess({ role: "worker", dataDir, env });
  ended.push(worker.stop);
  const key = await firstKey(dataDir);
  const listener = await eventListener(api.base, key);
  ended.push(async () => listener.close());
  const spool = join(dataDir, "spool");
  const conf = join(dataDir, "sendmail.conf");
  await writeFile(join(dataDir, "app.key"), key);
  await writeFile(conf, `smtp = 127.0.0.1:${port}\nkey_file = ${dataDir}/app.key\nspool = ${spool}\n`);
  const sendmail = (args: readonly string[], input = "") => run(args, input, conf);
  const submission = {
    port,
    key,
    sendmail,
    spooled: () => readdir(spool),
    flush: () => sendmail(["-q"]),
  };
  return { api, key, listener, relay, submission };
}

function run(args: readonly string[], input: string, conf: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DRAGOMAN_SENDMAIL_CONF: conf };
    const child = spawn(process.execPath, [join(ROOT, "bin/sendmail.mjs"), ...args], {
      env,
      stdio: ["pipe", "ignore", "inherit"],
    });
    child.once("error", reject);
    child.once("close", resolve);
    child.stdin.end(input);
  });
}

const isRefused = (n: number): boolean => n % REFUSED_EVERY === 0;
const recipientOf = (rid: string, n: number): string => `${isRefused(n) ? "nobody" : "to"}-${rid}@example.test`;

/** Submits mails by SMTP, each until it is taken. A connection that breaks leaves open whether it was. */
function smtpClient({ port, key }: Submission, name: string) {
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port,
    auth: { user: name, pass: key },
    ignoreTLS: true,
    connectionTimeout: 5_000,
    socketTimeout: 10_000,
  });
  return mailClient(name, async (rid, n) => {
    const mail = {
      messageId: `<${rid}>`,
      from: `from-${name}@example.test`,
      to: recipientOf(rid, n),
      subject: rid,
      text: "x",
      date: new Date(0),
    };
    try {
      await transport.sendMail(mail);
      if (n % AGAIN_EVERY === 0) await transport.sendMail(mail);
      return "accepted";
    } catch (error) {
      const { responseCode = 0 } = error as { readonly responseCode?: number };
      return responseCode >= 500 ? "refused" : undefined;
    }
  });
}

/** Submits mails by sendmail, once each. Success means that the spool or the gateway has the mail. */
function sendmailClient({ sendmail }: Submission): MailClient {
  return mailClient(SENDMAIL, async (rid, n) => {
    const head = `Message-ID: <${rid}>\nFrom: from-sendmail@example.test\nTo: ${recipientOf(rid, n)}\nSubject: ${rid}`;
    return (await sendmail(["-t", "-i"], `${head}\n\nx\n`)) === 0 ? "accepted" : "refused";
  });
}

function mailClient(name: string, submit: (rid: string, n: number) => Promise<"accepted" | "refused" | undefined>) {
  const book: PostedActivity[] = [];
  let isStopping = false;
  const running = (async () => {
    for (let n = 1; !isStopping; n++) {
      const rid = `first-${name}-${n}`;
      const triedAt = Date.now();
      let outcome = await submit(rid, n);
      for (; outcome === undefined; outcome = await submit(rid, n)) await sleep(100);
      book.push({ app: "first", lane: name, n, rid, outcome, triedAt, answeredAt: Date.now() });
      await sleep(100);
    }
  })();
  return {
    stop: async () => {
      isStopping = true;
      await running;
      return book;
    },
  };
}

interface Books {
  readonly base: string;
  readonly key: string;
  readonly listener: EventListener;
  readonly relay: RelayLedger;
}

/** Joins the clients' books, the relay's and the stream's. */
async function audit({ base, key, listener, relay }: Books, mails: readonly PostedActivity[]) {
  await awaitResults(listener, base, key, "first", mails);
  const undelivered = mails.filter(({ n }) => isRefused(n));
  // The notifications are activities too, whose results come last.
  const notifications = undelivered.map((mail) => ({ ...mail, rid: `${mail.rid}~dsn` }));
  const resultsOf = (rid: string) => listener.events.filter((event) => event.type === "result" && event.rid === rid);
  await vi.waitFor(() => expect(notifications.filter(({ rid }) => resultsOf(rid).length === 0)).toEqual([]), {
    timeout: 60_000,
    interval: 500,
  });
  const delivered = mails.filter(({ n }) => !isRefused(n));
  // Each mail has a lane to itself, so that there is no order to check.
  const ledger = relay.mails.map(({ mail, from }) => {
    const rid = from === "" ? `${/^Subject: (\S+)$/m.exec(mail.text ?? "")?.[1]}~dsn` : (mail.subject ?? "");
    return { rid, n: 1 };
  });
  const posted = [...delivered, ...notifications];
  for (const { rid } of undelivered) expect(resultsOf(rid)).toMatchObject([{ status: "failed" }]);
  return auditDelivery({
    posted,
    ledger,
    events: new Map([["first", listener.events]]),
    statuses: await statusesOf(base, key, "first", posted),
  });
}
