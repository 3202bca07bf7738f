import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoff } from "../../../src/timing/backoff.ts";

describe("backoff", () => {
  it("doubles from the base to the maximum", () => {
    const delay = backoff({ baseMs: 1_000, maxMs: 300_000, random: () => 1 });
    expect([1, 2, 3, 8, 9, 10, 1_000].map(delay)).toEqual([1_000, 2_000, 4_000, 128_000, 256_000, 300_000, 300_000]);
  });

  it("stays within the range of its jitter for any number of failures", () => {
    const failures = fc.integer({ min: -5, max: 1_000_000 });
    const random = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(failures, random, (count, share) => {
        const full = backoff({ baseMs: 5_000, maxMs: 3_600_000, jitter: [1, 1] })(count);
        const ms = backoff({ baseMs: 5_000, maxMs: 3_600_000, jitter: [0.75, 1.25], random: () => share })(count);
        expect(ms).toBeGreaterThanOrEqual(Math.floor(full * 0.75));
        expect(ms).toBeLessThanOrEqual(Math.ceil(full * 1.25));
      }),
    );
  });
});
