import { defineConfig } from "vitest/config";
import { KILLS, LongestFirst, SLOW } from "./test/tiers.ts";

const ALL = "test/**/*.test.ts";

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: "quick", include: [ALL], exclude: [...KILLS, ...SLOW] } },
      { extends: true, test: { name: "slow", include: [...SLOW], exclude: [...KILLS] } },
      // Two at once, each with processes of its own; nothing else beside them.
      { extends: true, test: { name: "kills", include: [...KILLS], maxWorkers: 2, sequence: { groupOrder: 1 } } },
    ],
  },
});
