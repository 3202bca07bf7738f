import fc from "fast-check";
import { expect, it } from "vitest";
import { formatHealth, formatRetry, parseHealth, parseRetry } from "../../../src/webhooks/stored-state.ts";

const time = fc.integer({ min: 0, max: 4e12 });
const streak = fc.record({ since: time, lastAt: time, failingMs: fc.nat() });

it("a receiver's health is read as it was stored", () => {
  const health = fc.record({
    streak: fc.option(streak, { nil: undefined }),
    consecutiveFailures: fc.nat(),
    retryAt: time,
  });
  fc.assert(
    fc.property(health, (stored) => {
      expect(parseHealth(formatHealth(stored))).toEqual(stored);
    }),
  );
});

it("a conversation's retry state is read as it was stored", () => {
  const failed = fc.record({ attempts: fc.integer({ min: 1, max: 1_000 }), streak, retryAt: time });
  const fresh = fc.record({ attempts: fc.constant(0), streak: fc.constant(undefined), retryAt: time });
  fc.assert(
    fc.property(fc.oneof(failed, fresh), (stored) => {
      expect(parseRetry(formatRetry(stored))).toEqual(stored);
    }),
  );
});
