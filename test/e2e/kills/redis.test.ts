import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { expectNothingLost } from "../../support/expect-nothing-lost.ts";
import { repetitions } from "../../support/extent.ts";
import { type KillRun, killRun } from "../../support/kill-run.ts";

const KILLS = repetitions({ few: 6, long: 20 });

let run: KillRun | undefined;
afterEach(() => run?.close());

test(`Redis, killed ${KILLS} times under load, loses, doubles and reorders no accepted activity`, async () => {
  run = await killRun(2);
  const { redis, random: chance, api, workers } = run;
  const pids = [api, ...workers].map((gateway) => gateway.pid());
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(chance.between(400, 3_000));
    await redis.kill();
    await sleep(chance.between(0, 600));
    await redis.start();
  }
  const verdict = await run.audit(`Redis killed ${KILLS} times`);
  expectNothingLost(verdict);
  expect([...run.listeners.values()].map((listener) => listener.gaps())).toEqual([0, 0]);
  expect([api, ...workers].map((gateway) => gateway.pid())).toEqual(pids);
}, 240_000);

test("while Redis is down each POST is answered 503 at once, and afterwards the gateway recovers", async () => {
  run = await killRun(1);
  const { redis, api, workers, clients } = run;
  const pids = [api, ...workers].map((gateway) => gateway.pid());
  await sleep(2_000);
  await redis.kill();
  const away = Date.now();
  // Longer than the gateway caches keys and apps.
  await sleep(8_000);
  const back = Date.now();
  await redis.start();
  const verdict = await run.audit("Redis away for 8 s");
  const tries = clients.flatMap((client) => client.attempts).filter(({ at, ms }) => at > away && at + ms < back);
  const slowest = Math.max(...tries.map(({ ms }) => ms));
  console.log(`${tries.length} POSTs while Redis was away, the slowest answer took ${slowest} ms`);
  expectNothingLost(verdict);
  expect(verdict.once).toBe(verdict.accepted);
  expect(tries.length).toBeGreaterThan(50);
  expect(tries.filter(({ status, retryAfter }) => status !== 503 || !retryAfter)).toEqual([]);
  // Without the gateway's own limit a client would have waited 10 s without an answer.
  const unanswered = clients.flatMap((client) => client.attempts).filter(({ status }) => status === 0);
  expect(unanswered).toEqual([]);
  expect([api, ...workers].map((gateway) => gateway.pid())).toEqual(pids);
});
