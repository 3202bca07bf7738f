import { renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Wall clock of one gateway process, which a test may let jump. */
export interface SkewedClock {
  /** Environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** Lets the clock differ from the true time by so many milliseconds, within a moment. */
  readonly jumpTo: (offsetMs: number) => void;
}

const PRELOAD = fileURLToPath(new URL("./skewed-clock.mjs", import.meta.url));

/** Makes a clock that is right at first. `file` holds its offset. */
export function skewedClock(file: string): SkewedClock {
  return {
    env: { CLOCK_OFFSET_FILE: file, NODE_OPTIONS: `--import=${PRELOAD}` },
    jumpTo: (offsetMs) => {
      // Replaced in one step: the process may read at any moment.
      writeFileSync(`${file}.new`, String(offsetMs));
      renameSync(`${file}.new`, file);
    },
  };
}
