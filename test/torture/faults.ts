import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayProcess } from "../support/gateway-process.ts";
import type { KillRun } from "../support/kill-run.ts";

/** Fault that is committed again and again while the load goes on. */
export interface TortureFault {
  readonly title: string;
  /** Milliseconds of undisturbed work before each strike: least and most. */
  readonly pauseMs: readonly [least: number, most: number];
  /** Commits the fault once, and resolves when what was struck works again. Returns the number of kills. */
  readonly strike: (run: KillRun) => Promise<number>;
}

/** Faults by the names that `--kill` takes. */
export const FAULTS = {
  worker: {
    title: "a worker is killed",
    pauseMs: [300, 1_200],
    strike: async ({ workers, random }) => restarted([random.pick(workers)]),
  },
  redis: {
    title: "Redis is killed",
    pauseMs: [400, 3_000],
    strike: async ({ redis, random }) => {
      await redis.kill();
      await sleep(random.between(0, 600));
      await redis.start();
      return 1;
    },
  },
  api: { title: "the API is killed", pauseMs: [200, 1_500], strike: async ({ api }) => restarted([api]) },
  all: {
    title: "everything is killed at once",
    pauseMs: [1_000, 3_000],
    strike: async ({ api, workers, redis }) => {
      await Promise.all([redis.kill(), ...[api, ...workers].map((victim) => victim.kill())]);
      await redis.start();
      await Promise.all([api, ...workers].map((victim) => victim.start()));
      return 2 + workers.length;
    },
  },
} as const satisfies Record<string, TortureFault>;

export type FaultName = keyof typeof FAULTS;

/** Reads the value of `--kill`; throws for a name that is unknown. */
export function faultNames(text: string): FaultName[] {
  return text.split(",").map((name) => {
    const found = (Object.keys(FAULTS) as FaultName[]).find((known) => known === name.trim());
    if (found === undefined) throw new Error(`--kill takes a list of ${Object.keys(FAULTS).join(", ")}`);
    return found;
  });
}

async function restarted(victims: readonly GatewayProcess[]): Promise<number> {
  await Promise.all(victims.map((victim) => victim.kill()));
  await Promise.all(victims.map((victim) => victim.start()));
  return victims.length;
}
