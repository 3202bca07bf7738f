import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { expectNothingLost } from "../../support/expect-nothing-lost.ts";
import { repetitions } from "../../support/extent.ts";
import type { GatewayProcess } from "../../support/gateway-process.ts";
import { type KillRun, killRun } from "../../support/kill-run.ts";
import { type TakeoverWatch, takeoverWatch } from "../../support/takeover-watch.ts";

let run: KillRun | undefined;
afterEach(() => run?.close());

/** Rounds of two kills. */
const ROUNDS = repetitions({ few: 3, long: 10 });
const KILLS = 2 * ROUNDS;
/** Bound of the time from the kill to the lane's next effect. */
const MAX_TAKEOVER_MS = 15_000;

test(`workers killed ${KILLS} times under load lose, double and reorder nothing, and others take over`, async () => {
  run = await killRun(4);
  const { workers, random: chance, listeners } = run;
  const watches: TakeoverWatch[] = [];
  // Two of four die in each round, so that the takeovers fit into half the time.
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(chance.between(300, 1_200));
    const first = chance.between(0, workers.length - 1);
    const second = (first + chance.between(1, workers.length - 1)) % workers.length;
    const gapMs = chance.between(0, 400);
    const killed = [first, second].map(async (victim, index) => {
      await sleep(index * gapMs);
      watches.push(await killOne(workers[victim] as GatewayProcess));
    });
    await Promise.all(killed);
    const wentOn = () => watches.slice(-2).every((watch) => watch.allResumed());
    // Slower lanes are reported by the audit.
    const resumed = [...listeners.values()].map((listener) => listener.until(wentOn, 30_000).catch(() => undefined));
    await Promise.all(resumed);
  }
  const verdict = await run.audit(`Workers killed ${KILLS} times`);
  const slowest = watches.map((watch) => Math.max(0, ...watch.interruptionsMs())).toSorted((a, b) => a - b);
  console.log(`takeover, slowest lane of each kill: median ${slowest[KILLS >> 1]} ms, max ${slowest.at(-1)} ms`);
  expectNothingLost(verdict);
  expect(slowest).toHaveLength(KILLS);
  expect(slowest.filter((ms) => ms > MAX_TAKEOVER_MS)).toEqual([]);
}, 290_000);

/** Kills the worker and starts it again. Returns the watch over lanes that waited at that moment. */
async function killOne(victim: GatewayProcess): Promise<TakeoverWatch> {
  const { posted, listeners } = run as KillRun;
  const watch = takeoverWatch(
    Date.now(),
    posted(),
    [...listeners.values()].map(({ events }) => events),
  );
  await victim.kill();
  await victim.start();
  return watch;
}
