import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_ATTEMPTS, MAX_EXTENSION_MS, nextStep, type RetryFacts } from "../../../src/delivery/retry-policy.ts";

const facts: RetryFacts = {
  attempts: 1,
  now: 0,
  expiresAt: 172_800_000,
  lifetimeMs: 172_800_000,
  extendedMs: 0,
  random: 0,
};

describe("retry policy", () => {
  it.each(["permanent", "auth"] as const)("never retries a %s failure", (kind) => {
    expect(nextStep({ kind, retryAfterMs: 1 }, facts)).toEqual({ shouldRetry: false });
  });

  it("backs off from a second to an hour of a mail's 48", () => {
    const delays = [1, 2, 3, 10, 20].map((attempts) =>
      nextStep({ kind: "retryable", retryAfterMs: undefined }, { ...facts, attempts, random: 1 }),
    );
    expect(delays.map((step) => (step.shouldRetry ? step.delayMs : 0))).toEqual([
      1_000, 2_000, 4_000, 512_000, 3_600_000,
    ]);
  });

  it("follows the network's wait, and does not count rate limits against the lifetime", () => {
    const almostOver = { ...facts, now: facts.expiresAt - 1_000 };
    expect(nextStep({ kind: "retryable", retryAfterMs: 5_000 }, almostOver)).toEqual({ shouldRetry: false });
    expect(nextStep({ kind: "rate-limited", retryAfterMs: 5_000 }, almostOver)).toEqual({
      shouldRetry: true,
      delayMs: 5_000,
      extendMs: 5_000,
    });
    expect(
      nextStep({ kind: "rate-limited", retryAfterMs: 5_000 }, { ...almostOver, extendedMs: MAX_EXTENSION_MS }),
    ).toEqual({ shouldRetry: false });
  });

  it("always ends: within the lifetime and after a bounded number of attempts", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 2_592_000_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lifetimeMs, random) => {
          let now = 0;
          for (let attempts = 1; ; attempts++) {
            const step = nextStep(
              { kind: "retryable", retryAfterMs: undefined },
              { attempts, now, expiresAt: lifetimeMs, lifetimeMs, extendedMs: 0, random },
            );
            if (!step.shouldRetry) break;
            now += step.delayMs;
            expect(now).toBeLessThan(lifetimeMs);
            expect(attempts).toBeLessThanOrEqual(MAX_ATTEMPTS);
          }
        },
      ),
    );
  });
});
