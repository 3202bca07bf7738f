import { expect, it } from "vitest";
import { rateLimits } from "../../../../../src/platforms/facebook/client/rate-limits.ts";

function clocked() {
  let at = 1_000_000;
  const pace = rateLimits(() => at);
  const pass = (ms: number): void => {
    at += ms;
  };
  const waits = (): number => {
    try {
      pace.acquire();
      return 0;
    } catch (thrown) {
      expect(thrown).toMatchObject({ kind: "rate-limited", code: "platform-rate-limited" });
      return (thrown as { retryAfterMs: number }).retryAfterMs;
    }
  };
  return { pace, waits, pass };
}
const used = (call_count: number, more: object = {}) => ({
  "x-app-usage": JSON.stringify({ call_count, total_time: 1, ...more }),
});

it("spaces calls from 80 % usage on, each in its own slot", () => {
  const { pace, waits, pass } = clocked();
  for (let i = 0; i < 500; i++) expect(waits()).toBe(0);
  pace.settle(used(90), false);
  pass(60_000);
  expect([waits(), waits(), waits()]).toEqual([0, 5_000, 10_000]);
  pass(5_000);
  expect([waits(), waits()]).toEqual([0, 10_000]);
  pass(5_000);
  expect(waits()).toBe(0);
  pace.settle(used(10), false);
  pass(60_000);
  for (let i = 0; i < 50; i++) expect(waits()).toBe(0);
});

it("pauses all calls for the given time, then resumes them one by one", () => {
  const { pace, waits, pass } = clocked();
  const business = {
    "x-business-use-case-usage": JSON.stringify({
      1: [{ type: "messenger", call_count: 20, estimated_time_to_regain_access: 3 }],
    }),
  };
  expect(pace.settle(business, true)).toBe(180_000);
  expect([waits(), waits()]).toEqual([180_100, 180_200]);
  pass(179_999);
  expect(waits()).toBeGreaterThan(0);
  pass(1);
  expect(waits()).toBe(0);
  expect(pace.usage()).toEqual({ percent: 20, pausedUntil: expect.any(Number) });
});

it("estimates a growing pause where Facebook names none, until a call succeeds", () => {
  const { pace, pass } = clocked();
  const refused = () => {
    const wait = pace.settle({}, true);
    pass(wait);
    return wait;
  };
  expect([refused(), refused(), refused()]).toEqual([5_000, 10_000, 20_000]);
  expect(pace.settle({}, false)).toBe(0);
  expect(refused()).toBe(5_000);
  for (let i = 0; i < 50; i++) refused();
  expect(refused()).toBe(15 * 60_000);
});

it("counts calls in flight together as one refusal, each with its own slot", () => {
  const { pace, waits, pass } = clocked();
  expect(Array.from({ length: 20 }, () => pace.settle({}, true))).toEqual(
    Array.from({ length: 20 }, (_, i) => 5_000 + 100 * i),
  );
  pass(5_000);
  expect(waits()).toBe(0);
});

it.each(["{", "[]", "null", '{"call_count":"90"}', '{"call_count":-5}', "x".repeat(20_000)])(
  "ignores %.30s",
  (header) => {
    const { pace, waits } = clocked();
    expect(pace.settle({ "x-app-usage": header, "x-page-usage": header }, false)).toBe(0);
    expect(waits()).toBe(0);
  },
);

it("bounds the pause that a header demands", () => {
  const { pace, waits } = clocked();
  pace.settle(used(1e9, { estimated_time_to_regain_access: 1e9 }), false);
  expect(waits()).toBe(24 * 3_600_000);
  expect(pace.usage().percent).toBe(100);
});
