import { setMaxListeners } from "node:events";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Permit, rateLimits } from "../../../../../src/platforms/twitter/client/rate-limits.ts";

const { signal } = new AbortController();
setMaxListeners(0, signal);
const headers = (limit: number, remaining: number, reset: number) => ({
  "x-rate-limit-limit": String(limit),
  "x-rate-limit-remaining": String(remaining),
  "x-rate-limit-reset": String(reset),
});
const waitOf = (entering: Promise<Permit>) =>
  entering.then(
    () => 0,
    (thrown: { readonly retryAfterMs: number }) => thrown.retryAfterMs,
  );

it("sends a probe first, then as many requests as the limit has room for", async () => {
  const limits = rateLimits(() => 1_000_000);
  const scout = await limits.acquire("POST tweets", signal);
  const others = Array.from({ length: 20 }, () => waitOf(limits.acquire("POST tweets", signal)));
  scout.settle(headers(15, 14, 1_005), false);
  const waits = await Promise.all(others);
  expect(waits.filter((wait) => wait === 0)).toHaveLength(14);
  expect(waits.filter((wait) => wait === 5_000)).toHaveLength(6);
});

it("defers each caller to a window with room", async () => {
  const limits = rateLimits(() => 1_000_000);
  (await limits.acquire("a", signal)).settle(headers(2, 0, 1_005), false);
  const waits = [];
  for (let at = 0; at < 5; at++) waits.push(await waitOf(limits.acquire("a", signal)));
  expect(waits).toEqual([5_000, 5_000, 10_000, 10_000, 15_000]);
});

it("counts the reset from the answer's date when the local clock is wrong", async () => {
  const limits = rateLimits(() => 5_000_000);
  const date = new Date(1_000_000).toUTCString();
  (await limits.acquire("a", signal)).settle({ ...headers(2, 0, 1_005), date }, false);
  expect(await waitOf(limits.acquire("a", signal))).toBe(5_000);
});

it("returns an unused permit", async () => {
  const limits = rateLimits(() => 1_000_000);
  (await limits.acquire("a", signal)).settle(headers(2, 1, 1_005), false);
  const permit = await limits.acquire("a", signal);
  expect(await waitOf(limits.acquire("a", signal))).toBe(5_000);
  permit.release();
  expect(await waitOf(limits.acquire("a", signal))).toBe(0);
});

it("separates endpoints, keeps no limit that X does not name, and stops waiting at an abort", async () => {
  const limits = rateLimits(() => 1_000_000);
  (await limits.acquire("a", signal)).settle(headers(1, 0, 1_005), false);
  const ending = new AbortController();
  await limits.acquire("b", signal);
  const waiting = limits.acquire("b", ending.signal);
  ending.abort(new Error("over"));
  await expect(waiting).rejects.toThrow("over");
  (await limits.acquire("c", signal)).settle({}, false);
  expect(await Promise.all([1, 2, 3].map(() => waitOf(limits.acquire("c", signal))))).toEqual([0, 0, 0]);
  expect(limits.limits()).toEqual([{ endpoint: "a", limit: 1, remaining: 0, resetAt: 1_005_000 }]);
});

it("never sends more in a window than X allows", async () => {
  const plan = fc.array(fc.nat(700), { minLength: 30, maxLength: 120 });
  await fc.assert(
    fc.asyncProperty(
      plan,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
      async (pauses, limit, callers) => {
        let now = 10_000_000;
        let used = 0;
        let reset = 0;
        const limits = rateLimits(() => now);
        const call = async () => {
          const permit = await limits.acquire("a", signal).catch(() => undefined);
          if (!permit) return;
          if (reset <= now) {
            used = 0;
            reset = Math.ceil((now + 3_000) / 1_000) * 1_000;
          }
          used += 1;
          const answer = headers(limit, limit - used, reset / 1_000);
          expect(used).toBeLessThanOrEqual(limit);
          await undefined;
          permit.settle(answer, false);
        };
        for (const pause of pauses) {
          now += pause;
          await Promise.all(Array.from({ length: callers }, call));
        }
      },
    ),
    { numRuns: 50 },
  );
});
