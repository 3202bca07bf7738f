/** Chance that can be repeated. */
export interface SeededRandom {
  readonly seed: number;
  /** A whole number from `least` to `most`. */
  readonly between: (min: number, max: number) => number;
  readonly pick: <T>(all: readonly T[]) => T;
}

/**
 * Creates a random source from `KILL_SEED` or a fresh seed. The test prints the seed, so that a failing run can be
 * repeated.
 */
export function seededRandom(
  seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 31)),
): SeededRandom {
  let state = seed >>> 0;
  // mulberry32: small, and good enough to spread instants.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return { seed, between, pick: (all) => all[between(0, all.length - 1)] as (typeof all)[number] };
}
