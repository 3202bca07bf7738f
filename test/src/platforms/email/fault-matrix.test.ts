import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isProvenRefusal, refusalEvidence } from "../../../../src/connections/refusal-evidence.ts";
import { Failure } from "../../../../src/model/failure.ts";
import { failureFrom } from "../../../../src/platform/platform.ts";
import { IMAP_TIMEOUTS } from "../../../../src/platforms/email/client/imap/connection.ts";
import { POP3_TIMEOUTS } from "../../../../src/platforms/email/client/pop3/client.ts";
import { SMTP_TIMEOUTS } from "../../../../src/platforms/email/client/smtp/timeouts.ts";
import { email } from "../../../../src/platforms/email/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../support/connection-context.ts";
import { type TestDovecot, testDovecot } from "../../../support/dovecot.ts";
import { CONNECT, type Fault, faultProxy } from "../../../support/fault-proxy.ts";
import { lineFrames } from "../../../support/fault-proxy-frames.ts";
import { lmtpMailer } from "../../../support/lmtp-mailer.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";
import { IMAP_FAULTS, IMAP_FINAL, POP3_FAULTS, POP3_FINAL, SMTP_FAULTS } from "../../../support/mail-faults.ts";
import { type MailProtocol, mailSteps } from "../../../support/mail-steps.ts";
import { type TestMail, testMail } from "../../../support/postfix.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { testMailActivity } from "../../../support/verb-context.ts";

const guard = loopbackEgress();
const platform = email({
  imapTimeouts: { ...IMAP_TIMEOUTS, greeting: 1_500, silence: 1_500, idle: 700 },
  pop3Timeouts: { ...POP3_TIMEOUTS, silence: 1_500 },
  pop3PollMs: 100,
});
const sender = email({ smtpTimeouts: { ...SMTP_TIMEOUTS, greeting: 1_500, command: 1_500, dot: 3_000 } });
/** Cells of a matrix that run at the same time. */
const LANES = 24;
const MAX_CELL_MS = 60_000;
let server: TestDovecot;
let lmtp: ReturnType<typeof lmtpMailer>;
let users = 0;

beforeAll(async () => {
  server = await testDovecot(Array.from({ length: 600 }, (_, n) => `u${n}`));
  lmtp = lmtpMailer(server.lmtpPort);
});
afterAll(async () => {
  lmtp.close();
  await server.stop();
  await guard.close();
});

/** Outcome of an account. Failures of its connections, and subjects of the arrived mails. */
interface Outcome {
  readonly failures: readonly Failure[];
  readonly subjects: readonly unknown[];
}

/** Keeps an account connected as the core does. Ends when a mail from before the fault and a later one arrived. */
async function lived(protocol: "imap" | "pop3", step: string, fault: Fault): Promise<Outcome> {
  users += 1;
  const user = `u${users}`;
  const port = protocol === "imap" ? server.imapPort : server.pop3Port;
  const tls = step === "STARTTLS" || step === "STLS" ? "starttls" : "none";
  const credentialsAt = (at: number, security: string) => ({
    host: "127.0.0.1",
    user,
    password: `${user}-pw`,
    mailbox: { protocol, host: "127.0.0.1", port: at, tls: security, ca: server.tls.cert },
  });
  const connectionContext = testConnectionContext({
    address: `${user}@example.test`,
    egress: guard,
    credentials: credentialsAt(port, "none"),
  });
  await platform.dispose?.(await platform.connect?.(connectionContext));
  await lmtp.put(user, "meanwhile");
  const { proxy, struck } = await armedProxy(protocol, port, step, fault);
  const credentials = credentialsAt(proxy.port, tls);
  const got = (subject: string) => connectionContext.arrived(({ event }) => event.object.subject === subject);
  let isOver = false;
  const done = (async () => {
    await got("meanwhile");
    await lmtp.put(user, "afterwards");
    await got("afterwards");
    await struck;
    isOver = true;
  })();
  done.catch(() => undefined);
  const failures: Failure[] = [];
  const evidence = refusalEvidence(connectionContext.state);
  const ends = Date.now() + MAX_CELL_MS;
  try {
    while (!isOver) {
      if (Date.now() > ends)
        throw new Error(`no recovery: ${failures.slice(0, 3)} ${connectionContext.arrivals.length} arrived`);
      const failure = await session({ ...connectionContext, credentials }, done);
      if (failure) failures.push(failure);
      if (failure && (await evidence.judge({ version: "1" }, failure)).verdict === "final") break;
      await sleep(20);
    }
    return { failures, subjects: connectionContext.arrivals.map(({ event }) => event.object.subject) };
  } finally {
    await proxy.close();
  }
}

async function armedProxy(protocol: MailProtocol, upstream: number, step: string, fault: Fault) {
  const proxy = await faultProxy({ upstream, frames: lineFrames, steps: mailSteps(protocol) });
  return { proxy, struck: proxy.arm(step, fault).struck };
}

/** Connects once, and stays connected until the end or until all is done. */
async function session(connectionContext: TestConnectionContext, done: Promise<void>): Promise<Failure | undefined> {
  const stop = new AbortController();
  let end: (thrown: unknown) => void = () => undefined;
  const ended = new Promise<unknown>((resolve) => {
    end = resolve;
  });
  try {
    const client = await platform.connect?.({
      ...connectionContext,
      signal: stop.signal,
      onDisconnected: end,
    } as never);
    const late = sleep(MAX_CELL_MS, new Error("nothing happens"), { ref: false });
    const thrown = await Promise.race([ended, done, late]);
    stop.abort();
    await platform.dispose?.(client);
    return thrown === undefined ? undefined : failureFrom(platform, thrown);
  } catch (thrown) {
    return failureFrom(platform, thrown);
  }
}

/** Tells whether a failure ends the account at once. */
const isFinal = (failure: Failure) =>
  (failure.kind === "auth" || failure.kind === "permanent") && isProvenRefusal(failure);

/** Runs all cells of a matrix, prints it, and returns what each cell came to. */
async function matrix(
  protocol: "imap" | "pop3",
  steps: readonly string[],
  faults: Readonly<Record<string, Fault>>,
): Promise<ReadonlyMap<string, Outcome>> {
  const cells = steps.flatMap((step) => Object.entries(faults).map(([name, fault]) => ({ step, name, fault })));
  const outcomes = new Map<string, Outcome>();
  const waiting = [...cells];
  const lane = async () => {
    for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
      const outcome = await lived(protocol, cell.step, cell.fault).catch((thrown: Error) => ({
        failures: [new Failure({ kind: "permanent", code: "account-unknown", detail: thrown.message })],
        subjects: [],
      }));
      outcomes.set(`${cell.step}: ${cell.name}`, outcome);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const word = ({ failures }: Outcome) => {
    const [first] = failures;
    if (!first) return "online";
    return `${isFinal(failures.at(-1) ?? first) ? "FINAL" : "offline"} ${first.code.replace("platform-", "")}`;
  };
  const words = new Map([...outcomes].map(([cell, outcome]) => [cell, word(outcome)] as const));
  print(steps, Object.keys(faults), words);
  return outcomes;
}

/** Prints a matrix: answers down, steps across. */
function print(steps: readonly string[], answers: readonly string[], words: ReadonlyMap<string, string>): void {
  const rows = answers.map((name) => {
    const columns = steps.map((step) => [step, words.get(`${step}: ${name}`) ?? ""]);
    return [name, Object.fromEntries(columns)] as const;
  });
  console.table(Object.fromEntries(rows));
}

const IMAP_STEPS = [CONNECT, "STARTTLS", "LOGIN", "ID", "NAMESPACE", "LIST", "SELECT", "SEARCH", "FETCH", "IDLE"];
/** Steps of a login. */
const LOGINS = { imap: "LOGIN", pop3: "PASS" } as const;
const SMTP_STEPS = [CONNECT, "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "dot"];
const POP3_STEPS = [CONNECT, "CAPA", "STLS", "USER", "PASS", "UIDL", "LIST", "RETR", "QUIT"];

describe("a mailbox behind a fault that happens once", () => {
  it.each([
    ["imap", IMAP_STEPS, IMAP_FAULTS],
    ["pop3", POP3_STEPS, POP3_FAULTS],
  ] as const)(
    "comes back by itself and brings each mail once: %s",
    async (protocol, steps, faults) => {
      const outcomes = await matrix(protocol, steps, faults);
      const wrong = [...outcomes].flatMap(([cell, { failures, subjects }]) => {
        const isLost = JSON.stringify(subjects) !== '["meanwhile","afterwards"]';
        return isLost || failures.some(isFinal) ? [`${cell}: ${subjects} after ${failures}`] : [];
      });
      expect(wrong).toEqual([]);
    },
    300_000,
  );
});

describe("an answer that the protocol defines as final", () => {
  it.each([
    ...Object.entries(IMAP_FINAL).map(([name, fault]) => ["imap", name, fault] as const),
    ...Object.entries(POP3_FINAL).map(([name, fault]) => ["pop3", name, fault] as const),
  ])("ends an account at the login: %s %s", async (protocol, _name, fault) => {
    const { failures } = await lived(protocol, LOGINS[protocol], fault);
    expect(failures.map(isFinal)).toEqual([true]);
  });
});

describe("a mail sent through a fault that happens once", () => {
  it("is sent once, or has an unknown outcome where the server may have taken it", async () => {
    const relay = await testMail();
    const cells = SMTP_STEPS.flatMap((step) =>
      Object.entries(SMTP_FAULTS).map(([name, fault]) => ({ step, name, fault })),
    );
    const words = new Map<string, string>();
    const waiting = [...cells];
    const lane = async () => {
      for (let cell = waiting.shift(); cell; cell = waiting.shift())
        words.set(`${cell.step}: ${cell.name}`, await sentThrough(relay, cell.step, cell.fault));
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await relay.stop();
    print(SMTP_STEPS, Object.keys(SMTP_FAULTS), words);
    const wrong = [...words].filter(
      ([cell, word]) => !(cell.startsWith("dot") ? /^(sent|unknown)/ : /^sent/).test(word),
    );
    expect(wrong).toEqual([]);
  }, 300_000);
});

/** Sends a mail, again while it is deferred. Tells the outcome, and how often the mail arrived where that is wrong. */
async function sentThrough(relay: TestMail, step: string, fault: Fault): Promise<string> {
  const { proxy } = await armedProxy("smtp", relay.port, step, fault);
  const credentials = {
    host: "127.0.0.1",
    port: proxy.port,
    tls: step === "STARTTLS" ? "starttls" : "none",
    ca: relay.ca,
    user: "bob",
    password: "bob-pw",
  };
  const activity = testMailActivity();
  const send = () => runOnce(sender, activity, { credentials, egress: guard });
  try {
    for (const deferrals: string[] = []; ; ) {
      const outcome = await send().then(
        ({ outcomes }) => outcomes[0],
        (failure: Failure) => failure,
      );
      if (outcome instanceof Failure && outcome.mayHaveLanded) return counted(relay, activity.id, "unknown", [0, 1]);
      if (outcome instanceof Failure && /auth|permanent/.test(outcome.kind))
        return `FAILED ${outcome.code} ${outcome.platformCode}`;
      const isSent = !(outcome instanceof Failure) && outcome?.status === "sent";
      if (isSent) return await arrivedOnce(relay, activity.id, ["sent", ...deferrals].join(" after "));
      deferrals.push(outcome instanceof Failure ? outcome.code.replace("platform-", "") : (outcome?.error?.code ?? ""));
      if (deferrals.length > 20) return `STUCK ${deferrals.at(-1)}`;
    }
  } finally {
    await proxy.close();
  }
}

async function arrivedOnce(relay: TestMail, id: string, word: string): Promise<string> {
  await relay.inbox("alice").find(({ messageId }) => messageId === `<${id}@example.test>`);
  return counted(relay, id, word, [1]);
}

async function counted(relay: TestMail, id: string, word: string, allowed: readonly number[]): Promise<string> {
  const count = (await relay.inbox("alice").ids()).filter((found) => found.includes(id)).length;
  return allowed.includes(count) ? word : `ARRIVED ${count} times: ${word}`;
}
