import { setTimeout as after } from "node:timers/promises";

/** Lets lines out no faster than a network stands. */
export interface Pace {
  /** Resolves when one more line may go; rejects when the signal fires first. */
  readonly take: (signal: AbortSignal) => Promise<void>;
}

export interface PaceSettings {
  /** Lines that may go at once after a silence. */
  readonly burst: number;
  /** Then one each so many milliseconds. */
  readonly interval: number;
}

/** What common networks take without throttling or killing: ngIRCd and others count about one command a second. */
export const PACE: PaceSettings = { burst: 5, interval: 1_000 };

/** A bucket that fills by one line each `interval` up to `burst`. One caller at a time. */
export function pace({ burst, interval }: PaceSettings, now: () => number = () => performance.now()): Pace {
  let level = burst;
  let filled = now();
  const fill = (): void => {
    const at = now();
    level = interval === 0 ? burst : Math.min(burst, level + (at - filled) / interval);
    filled = at;
  };
  return {
    take: async (signal) => {
      for (fill(); level < 1; fill()) await after(Math.ceil((1 - level) * interval), undefined, { signal });
      level -= 1;
    },
  };
}
