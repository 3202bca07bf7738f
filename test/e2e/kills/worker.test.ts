import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { GatewayProcess } from "../../support/gateway-process.ts";
import { expectKept, type KillRun, killRun } from "../../support/kill-run.ts";
import { standstills } from "../../support/takeover.ts";

let run: KillRun | undefined;
afterEach(() => run?.close());

/** The bound: from the kill to the lane's next effect. */
const TAKEOVER_MOST_MS = 15_000;

test("workers are killed 20 times under load: nothing is lost, doubled or out of order, and others take over", async () => {
  run = await killRun(4);
  const { workers, chance, listeners } = run;
  const kills: number[] = [];
  // Two of four die in each round, so that 20 takeovers fit into the time of ten.
  for (let round = 0; round < 10; round++) {
    await sleep(chance.between(300, 1_200));
    const first = chance.between(0, workers.length - 1);
    const second = (first + chance.between(1, workers.length - 1)) % workers.length;
    const victims = [workers[first], workers[second]] as GatewayProcess[];
    const gapMs = chance.between(0, 400);
    await Promise.all(
      victims.map(async (victim, index) => {
        await sleep(index * gapMs);
        kills.push(Date.now());
        await victim.kill();
        await victim.start();
      }),
    );
    const moved = () => kills.slice(-2).every((at) => standstillsOf(at).every(({ ms }) => ms < Infinity));
    await Promise.all([...listeners.values()].map((listener) => listener.until(moved, 30_000).catch(() => undefined)));
  }
  const verdict = await run.verdict("Workers killed 20 times");
  const perKill = kills.map((at) => Math.max(0, ...standstillsOf(at).map(({ ms }) => ms)));
  const sorted = perKill.toSorted((a, b) => a - b);
  console.log(`takeover, slowest lane of each kill: median ${sorted[10]} ms, max ${sorted[19]} ms`);
  expectKept(verdict);
  expect(kills).toHaveLength(20);
  expect(perKill.filter((ms) => ms > TAKEOVER_MOST_MS)).toEqual([]);
}, 290_000);

function standstillsOf(killedAt: number) {
  const { posted, listeners } = run as KillRun;
  const heard = new Map([...listeners].map(([app, { heard }]) => [app, heard]));
  return standstills(killedAt, posted(), heard);
}
