import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { type EventListener, eventListener } from "../../support/event-listener.ts";
import { repetitions } from "../../support/extent.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../../support/gateway-process.ts";
import { postUntilAnswered } from "../../support/load-client.ts";
import { type TestMail, testMail } from "../../support/postfix.ts";
import { testRedis } from "../../support/redis.ts";
import { until } from "../../support/redis-process.ts";
import { SMTP_STAGES, type SmtpStage, smtpFaultProxy } from "../../support/smtp-fault-proxy.ts";

/** Kills at each stage of the transaction. */
const ROUNDS = repetitions({ few: 1, long: 5 });
const KILLS = ROUNDS * SMTP_STAGES.length;
const ended: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** A mail of the test's own book. */
interface SubmittedMail {
  readonly rid: string;
  /** Activity id, which is the left half of the Message-ID. */
  readonly id: string;
  /** Stage at which the worker was killed; undefined for bystanders. */
  readonly stage: SmtpStage | undefined;
}

test(`a worker killed ${KILLS} times between MAIL and the reply to the final dot loses and doubles no mail`, async () => {
  const { mail, base, key, listener, crashes, workers } = await setUp();
  const letters: SubmittedMail[] = [];
  let bystanding = true;
  const bystanders = (async () => {
    for (let n = 0; bystanding; n++) {
      letters.push(await post({ base, key }, `calm-${n}`, undefined));
      await sleep(150);
    }
  })();
  for (let kill = 0; kill < KILLS; kill++) {
    // A mail over which three workers die is given up, so at most two kills may meet the same mail.
    if (kill % 2 === 0) await resultsOf(listener, letters);
    const stage = SMTP_STAGES[kill % SMTP_STAGES.length];
    const died = crashes.next();
    letters.push(await post({ base, key }, `victim-${kill}-${stage}`, stage));
    await died;
    await Promise.all(workers.map((worker) => worker.running() || worker.start()));
  }
  bystanding = false;
  await bystanders;
  const results = await resultsOf(listener, letters);
  await until(() => queueEmpty(mail));
  const copies = await copiesOf(mail);
  const verdict = judge(letters, results, copies, crashes.begun);
  console.log(`Worker killed ${crashes.count()} times in SMTP: ${JSON.stringify(verdict.line)}`);
  expect(crashes.count()).toBe(KILLS);
  expect(verdict.wrong).toEqual([]);
}, 600_000);

/** Starts Postfix, a gateway with two workers, and a fault proxy before each worker. */
async function setUp() {
  const dataDir = await mkdtemp(join(tmpdir(), "dgm-kill-mail-"));
  ended.push(() => rm(dataDir, { recursive: true, force: true }));
  const mail = await testMail();
  ended.push(mail.stop);
  const redis = await testRedis();
  ended.push(redis.stop);
  const workers: GatewayProcess[] = [];
  const crashes = deathCounter();
  for (let index = 0; index < 2; index++) {
    const trap = await smtpFaultProxy({
      port: mail.port,
      // Each victim triggers its fault once; the next attempt of the same mail passes.
      stageOf: (sender) => crashes.claim(sender),
      onStage: async () => {
        await workers[index]?.kill();
        crashes.died();
      },
    });
    ended.push(trap.close);
    const env = { REDIS_URL: redis.url, SMTP_URL: `smtp://127.0.0.1:${trap.port}?ignoreTLS=true` };
    const worker = await gatewayProcess({ role: "worker", dataDir, env });
    workers.push(worker);
    ended.push(worker.stop);
  }
  const env = { REDIS_URL: redis.url, SMTP_URL: `smtp://127.0.0.1:${mail.port}` };
  const api = await gatewayProcess({ role: "api", dataDir, env });
  ended.push(api.stop);
  const key = await firstKey(dataDir);
  const listener = await eventListener(api.base, key);
  ended.push(async () => listener.close());
  return { mail, base: api.base, key, listener, crashes, workers };
}

function deathCounter() {
  const begun = new Map<string, number>();
  let count = 0;
  const waiting: Array<() => void> = [];
  return {
    count: () => count,
    /** Counts the transactions that a sender began. */
    begun: (rid: string): number => begun.get(rid) ?? 0,
    claim: (sender: string): SmtpStage | undefined => {
      const rid = sender.split("@")[0] ?? "";
      begun.set(rid, (begun.get(rid) ?? 0) + 1);
      const stage = SMTP_STAGES.find((candidate) => rid.startsWith("victim-") && rid.endsWith(`-${candidate}`));
      return begun.get(rid) === 1 ? stage : undefined;
    },
    died: () => {
      count += 1;
      for (const tell of waiting.splice(0)) tell();
    },
    /** Resolves at the next death. */
    next: (): Promise<void> => new Promise((resolve) => waiting.push(resolve)),
  };
}

/**
 * Posts a mail; `name` is rid and sender, so each mail has its own lane. A victim of stage `body` is long, so that part
 * of the body is left to send.
 */
async function post(
  target: { readonly base: string; readonly key: string },
  name: string,
  stage: SmtpStage | undefined,
): Promise<SubmittedMail> {
  const long = { name: "long.bin", mediaType: "application/octet-stream", content: "A".repeat(9_000_000) };
  const answer = await postUntilAnswered(target, {
    rid: name,
    platform: "email",
    verb: "send",
    actor: { address: `${name}@example.test` },
    target: [{ address: "alice@example.test" }],
    object: { subject: name, body: "Hello World!", ...(stage === "body" ? { attachments: [long] } : {}) },
  });
  if (answer.outcome !== "accepted") throw new Error(`${name} was refused`);
  return { rid: name, id: answer.id, stage };
}

async function resultsOf(listener: EventListener, letters: readonly SubmittedMail[]): Promise<Map<string, string[]>> {
  const results = (): Map<string, string[]> => {
    const all = new Map<string, string[]>();
    for (const { type, rid, status = "", error } of listener.events) {
      // Only the doubt of `unknown` is expected; any other reason is for the words of a failing test.
      const summary =
        error === undefined || status === "unknown" ? status : `${status} (${error.code}: ${error.detail})`;
      if (type === "result") all.set(String(rid), [...(all.get(String(rid)) ?? []), summary]);
    }
    return all;
  };
  // Missing results are reported by the final check.
  const areAll = () => {
    const known = results();
    return letters.every(({ rid }) => known.has(rid));
  };
  await listener.until(areAll, 60_000).catch(() => undefined);
  return results();
}

/** Waits until every mail that Postfix accepted has left its queue. */
async function queueEmpty(mail: TestMail): Promise<boolean> {
  const log = await mail.log();
  const named = (pattern: RegExp): Set<string | undefined> => new Set([...log.matchAll(pattern)].map(([, id]) => id));
  const queued = named(/qmgr\[\d+\]: (\w+): from=/g);
  const left = named(/qmgr\[\d+\]: (\w+): removed/g);
  return [...queued].every((id) => left.has(id));
}

async function copiesOf(mail: TestMail): Promise<Map<string, number>> {
  const copies = new Map<string, number>();
  for (const messageId of await mail.inbox("alice").ids()) {
    const id = /^<(.+)@example\.test>$/.exec(messageId)?.[1] ?? messageId;
    copies.set(id, (copies.get(id) ?? 0) + 1);
  }
  return copies;
}

/**
 * Checks the outcome of each stage. Before the final dot nothing was sent; after the final dot the outcome is unknown.
 */
function judge(
  letters: readonly SubmittedMail[],
  results: Map<string, string[]>,
  copies: Map<string, number>,
  begun: (rid: string) => number,
) {
  const wrong: string[] = [];
  const line: Record<string, number> = {};
  for (const { rid, id, stage } of letters) {
    const outcome = results.get(rid) ?? [];
    const count = copies.get(id) ?? 0;
    const note = `${stage ?? "bystander"}: ${outcome.join("+") || "no result"}, ${count} in the mailbox`;
    line[note] = (line[note] ?? 0) + 1;
    if (outcome.length !== 1 || !fits(stage, outcome[0] as string, count, begun(rid))) wrong.push(`${rid}: ${note}`);
  }
  return { wrong, line };
}

function fits(stage: SmtpStage | undefined, status: string, copies: number, begun: number): boolean {
  if (stage === "dot-held" || stage === "dot-passed") {
    return status === "unknown" && begun === 1 && copies === (stage === "dot-held" ? 0 : 1);
  }
  // The next worker sends a mail of an early stage. An uncertain outcome is possible only if that worker was killed as
  // well.
  const doubt = stage === undefined || begun > 1;
  return (status === "sent" && copies === 1) || (doubt && status === "unknown" && copies <= 1);
}
