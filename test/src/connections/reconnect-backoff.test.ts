import fc from "fast-check";
import { expect, it } from "vitest";
import { reconnectDelay } from "../../../src/connections/reconnect-backoff.ts";

it("doubles from a second to five minutes, with jitter that only shortens, for any number of tries", () => {
  expect([1, 2, 3, 8, 9, 10, 1_000].map((tries) => reconnectDelay(tries, 1))).toEqual([
    1_000, 2_000, 4_000, 128_000, 256_000, 300_000, 300_000,
  ]);
  const tries = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(tries, fc.double({ min: 0, max: 1, noNaN: true }), (n, random) => {
      const ms = reconnectDelay(n, random);
      expect(ms).toBeLessThanOrEqual(reconnectDelay(n, 1));
      expect(ms).toBeGreaterThanOrEqual(reconnectDelay(n, 1) / 2);
    }),
  );
});
