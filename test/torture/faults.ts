import type { GatewayProcess } from "../support/gateway-process.ts";
import type { KillRun } from "../support/kill-run.ts";
import { freeze, held } from "./freeze.ts";
import { diskStall, memoryShortage, slowNetwork, unsteadyNetwork } from "./redis-faults.ts";

/** Fault that is committed again and again while the load goes on. */
export interface TortureFault {
  readonly title: string;
  /** Milliseconds of undisturbed work before each strike: least and most. */
  readonly pauseMs: readonly [least: number, most: number];
  /** What `strike` counts, in the plural. */
  readonly unit: string;
  /** Whether the fault needs `KillRun.faults`. */
  readonly injectsFaults?: boolean;
  /** Commits the fault once, and resolves when what was struck works again. Returns the number of its units. */
  readonly strike: (run: KillRun) => Promise<number>;
}

const KILLS = {
  worker: {
    title: "workers are killed",
    pauseMs: [300, 1_200],
    unit: "kills",
    // Two at once, so that many kills fit into little time, and one that takes over.
    strike: async ({ workers, random }) => {
      const survivor = random.pick(workers);
      return restarted(workers.filter((worker) => worker !== survivor));
    },
  },
  redis: {
    title: "Redis is killed",
    pauseMs: [300, 1_200],
    unit: "kills",
    strike: async ({ redis, random }) => {
      await redis.kill();
      await held(random.between(0, 600));
      await redis.start();
      return 1;
    },
  },
  api: {
    title: "the API is killed",
    pauseMs: [200, 1_500],
    unit: "kills",
    strike: async ({ api }) => restarted([api]),
  },
  all: {
    title: "everything is killed at once",
    pauseMs: [1_000, 3_000],
    unit: "kills",
    strike: async ({ api, workers, redis }) => {
      await Promise.all([redis.kill(), ...[api, ...workers].map((victim) => victim.kill())]);
      await redis.start();
      await Promise.all([api, ...workers].map((victim) => victim.start()));
      return 2 + workers.length;
    },
  },
} as const satisfies Record<string, TortureFault>;

const WOUNDS = {
  freeze: {
    title: "a worker or the API is frozen for up to 14 s",
    pauseMs: [500, 2_000],
    unit: "freezes",
    strike: async ({ api, workers, random }) =>
      freeze(random.pick([api, ...workers]).pid(), random.between(500, 14_000)),
  },
  "redis-freeze": {
    title: "Redis is frozen for up to 6 s",
    pauseMs: [500, 2_000],
    unit: "freezes",
    strike: async ({ redis, random }) => freeze(redis.pid(), random.between(200, 6_000)),
  },
  clock: {
    title: "the clock of a worker or of the API jumps by up to a day",
    pauseMs: [200, 1_000],
    unit: "jumps",
    injectsFaults: true,
    strike: async ({ faults, random }) => {
      const clock = random.pick(faults?.clocks ?? []);
      const hours = random.pick([-24, -1, 1, 24]);
      clock?.jumpTo(hours * 3_600_000);
      await held(random.between(1_000, 4_000));
      clock?.jumpTo(0);
      return 2;
    },
  },
  disk: {
    title: "Redis' disk stalls for up to 1.5 s",
    pauseMs: [300, 1_500],
    unit: "stalls",
    injectsFaults: true,
    strike: diskStall,
  },
  memory: { title: "Redis' memory is full", pauseMs: [500, 2_000], unit: "shortages", strike: memoryShortage },
  latency: {
    title: "Redis answers 50 to 400 ms late",
    pauseMs: [500, 2_000],
    unit: "slowdowns",
    injectsFaults: true,
    strike: slowNetwork,
  },
  flap: {
    title: "connections to Redis break and are refused for moments",
    pauseMs: [200, 1_000],
    unit: "breaks",
    injectsFaults: true,
    strike: unsteadyNetwork,
  },
} as const satisfies Record<string, TortureFault>;

const SINGLE = { ...KILLS, ...WOUNDS } as const;

/** Faults by the names that `--kill` takes. */
export const FAULTS: Readonly<Record<keyof typeof SINGLE | "mixed", TortureFault>> = {
  ...SINGLE,
  mixed: {
    title: "every fault in turn",
    pauseMs: [300, 1_000],
    unit: "faults",
    injectsFaults: true,
    strike: mixed(),
  },
};

export type FaultName = keyof typeof FAULTS;
const NAMES = Object.keys(FAULTS) as FaultName[];

/** Faults of a run without `--kill`. */
export const DEFAULT_FAULTS = Object.keys(KILLS) as FaultName[];

/** Reads the value of `--kill`; throws for a name that is unknown. */
export function faultNames(text: string): FaultName[] {
  return text.split(",").map((name) => {
    const found = NAMES.find((known) => known === name.trim());
    if (found === undefined) throw new Error(`--kill takes a list of ${NAMES.join(", ")}`);
    return found;
  });
}

async function restarted(victims: readonly GatewayProcess[]): Promise<number> {
  await Promise.all(victims.map((victim) => victim.kill()));
  await Promise.all(victims.map((victim) => victim.start()));
  return victims.length;
}

/** Makes a strike that commits all others, each once before any comes again. */
function mixed(): TortureFault["strike"] {
  let left: TortureFault[] = [];
  return async (run) => {
    if (left.length === 0) left = Object.values(SINGLE);
    const fault = run.random.pick(left);
    left = left.filter((other) => other !== fault);
    await fault.strike(run);
    return 1;
  };
}
