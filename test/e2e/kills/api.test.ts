import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { expectNothingLost } from "../../support/expect-nothing-lost.ts";
import { type KillRun, killRun } from "../../support/kill-run.ts";

let run: KillRun | undefined;
afterEach(() => run?.close());

test("the API, killed 20 times under load, loses, doubles and reorders no accepted activity", async () => {
  run = await killRun(1);
  const { api, random: chance } = run;
  for (let kill = 0; kill < 20; kill++) {
    await sleep(chance.between(200, 1_500));
    await api.kill();
    await api.start();
  }
  const verdict = await run.audit("API killed 20 times");
  expectNothingLost(verdict);
  // The work of a worker that lives is never in doubt.
  expect(verdict.unknown).toBe(0);
  expect(verdict.once).toBe(verdict.accepted);
  expect([...run.listeners.values()].map((listener) => listener.gaps())).toEqual([0, 0]);
}, 240_000);
