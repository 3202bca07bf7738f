import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { expectNothingLost } from "../../support/expect-nothing-lost.ts";
import { repetitions } from "../../support/extent.ts";
import { type KillRun, killRun } from "../../support/kill-run.ts";

const KILLS = repetitions({ few: 6, long: 20 });

let run: KillRun | undefined;
afterEach(() => run?.close());

test(`the API, killed ${KILLS} times under load, loses, doubles and reorders no accepted activity`, async () => {
  run = await killRun(1);
  const { api, random: chance } = run;
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(chance.between(200, 1_500));
    await api.kill();
    await api.start();
  }
  const verdict = await run.audit(`API killed ${KILLS} times`);
  expectNothingLost(verdict);
  // The work of a worker that lives is never in doubt.
  expect(verdict.unknown).toBe(0);
  expect(verdict.once).toBe(verdict.accepted);
  expect([...run.listeners.values()].map((listener) => listener.gaps())).toEqual([0, 0]);
}, 240_000);
