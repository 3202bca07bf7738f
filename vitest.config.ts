import { defineConfig } from "vitest/config";
import { ALONE, KILLS, LongestFirst, SLOW } from "./test/tiers.ts";

const ALL = "test/**/*.test.ts";

export default defineConfig({
  test: {
    // Limits for what never comes: nothing is judged by its time, and a busy machine takes many times longer.
    testTimeout: 180_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    pool: "forks",
    sequence: { sequencer: LongestFirst },
    projects: [
      // Files share their modules, since reading these takes longer than most of the tests.
      {
        extends: true,
        test: { name: "quick", include: [ALL], exclude: [...ALONE, ...KILLS, ...SLOW], isolate: false },
      },
      { extends: true, test: { name: "slow", include: [...SLOW], exclude: [...ALONE, ...KILLS] } },
      // Two at once, as they mostly wait for processes to start; nothing else beside them.
      { extends: true, test: { name: "kills", include: [...KILLS], maxWorkers: 2, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: "alone", include: [...ALONE], maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
});
