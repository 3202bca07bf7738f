/** Rounds that are measured even where the first one is within the bound. */
const MIN_ROUNDS = 2;
/** Rounds after which the growth counts as proven. */
const MAX_ROUNDS = 8;
/** CPU below which the fixed cost of the work hides its growth, in ms. */
const MIN_LARGE_MS = 200;

/** Measures the CPU that this process spends until the work settles, in ms. */
export async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/**
 * Measures a cost until a sample is at most `max`, and returns the least one. Garbage collection, compilation and starting
 * threads only add to a sample; work that is too dear exceeds `max` in each.
 */
export async function leastCost(max: number, sample: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < MAX_ROUNDS && least > max; round++) least = Math.min(least, await sample());
  return least;
}

/** Least costs of the same work on a small and a large input. */
export interface CpuGrowth {
  readonly smallMs: number;
  readonly largeMs: number;
  /** `largeMs` / `smallMs`; 1 where `largeMs` is too little to tell. */
  readonly factor: number;
}

/** Measures both costs by turns until the least ones grow by `max` at most. */
export async function cpuGrowth(
  max: number,
  small: () => Promise<number>,
  large: () => Promise<number>,
): Promise<CpuGrowth> {
  let growth: CpuGrowth = { smallMs: Number.POSITIVE_INFINITY, largeMs: Number.POSITIVE_INFINITY, factor: 1 };
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const smallMs = Math.min(growth.smallMs, await small());
    const largeMs = Math.min(growth.largeMs, await large());
    growth = { smallMs, largeMs, factor: largeMs > MIN_LARGE_MS ? largeMs / smallMs : 1 };
    if (largeMs <= MIN_LARGE_MS || (round >= MIN_ROUNDS && growth.factor <= max)) break;
  }
  return growth;
}
