import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { expectNothingLost } from "../../support/expect-nothing-lost.ts";
import { repetitions } from "../../support/extent.ts";
import { type KillRun, killRun } from "../../support/kill-run.ts";

let run: KillRun | undefined;
afterEach(() => run?.close());

const WORKER_FREEZES = repetitions({ few: 1, long: 3 });
const REDIS_FREEZES = repetitions({ few: 1, long: 2 });
/** Longer than a lane's lock plus the interval of the check for stalled lanes. */
const FREEZE_MS = 14_000;

test("a worker that resumes after a freeze doubles nothing, and acts late only on activities reported as unknown", async () => {
  run = await killRun(2);
  const [zombie] = run.workers;
  for (let freeze = 0; freeze < WORKER_FREEZES; freeze++) {
    await sleep(run.random.between(500, 2_000));
    process.kill(zombie?.pid() as number, "SIGSTOP");
    await sleep(FREEZE_MS);
    process.kill(zombie?.pid() as number, "SIGCONT");
  }
  const verdict = await run.audit(`Worker frozen ${WORKER_FREEZES} times`);
  // A process frozen between its commit and the effect acts late, which is the case of `unknown`.
  const unknown = new Set(verdict.unknownRids);
  expectNothingLost({ ...verdict, effectsOutOfOrder: verdict.effectsOutOfOrder.filter((rid) => !unknown.has(rid)) });
});

test("a frozen Redis is answered with 503, and writes that it executes later are not doubled", async () => {
  run = await killRun(2);
  for (let freeze = 0; freeze < REDIS_FREEZES; freeze++) {
    await sleep(run.random.between(1_000, 2_000));
    process.kill(run.redis.pid(), "SIGSTOP");
    await sleep(FREEZE_MS);
    process.kill(run.redis.pid(), "SIGCONT");
  }
  expectNothingLost(await run.audit(`Redis frozen ${REDIS_FREEZES} times`));
  const tries = run.clients.flatMap((client) => client.attempts);
  expect(tries.filter(({ status }) => status === 0)).toEqual([]);
  expect(tries.filter(({ status, retryAfter }) => status !== 202 && (status !== 503 || !retryAfter))).toEqual([]);
});
