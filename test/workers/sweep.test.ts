import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../src/model/log.ts";
import { keys } from "../../src/redis/keys.ts";
import { sweep } from "../../workers/sweep.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Starts a sweep over a store with so many unfinished activities; counts its rounds. */
function counted(outstanding: () => number) {
  const rounds: number[] = [];
  const sweeper = sweep({
    outbox: {
      hasOutstanding: async () => true,
      sweep: async () => ({ wakes: [], late: [], outstanding: outstanding() / keys.tags.length }),
    } as never,
    lanes: {} as never,
    log: silentLog,
    everyMs: 500,
    idleMs: 4_000,
    onOutstanding: () => rounds.push(Date.now()),
  });
  const gaps = () => rounds.slice(1).map((at, index) => at - (rounds[index] ?? 0));
  return { gaps, rounds, hurry: sweeper.hurry, stop: sweeper.stop };
}

describe("sweep", () => {
  it("comes twice a second while activities wait for their results", async () => {
    const { gaps, stop } = counted(() => 1);
    await vi.advanceTimersByTimeAsync(5_000);
    await stop();
    expect(gaps()).toEqual(Array.from({ length: 9 }, () => 500));
  });

  it("pauses longer while there is nothing to look after, up to four seconds, and hurries again", async () => {
    let outstanding = 0;
    const { gaps, stop } = counted(() => outstanding);
    await vi.advanceTimersByTimeAsync(16_000);
    outstanding = 1;
    await vi.advanceTimersByTimeAsync(5_000);
    await stop();
    expect(gaps().slice(0, 5)).toEqual([1_000, 2_000, 4_000, 4_000, 4_000]);
    expect(gaps().at(-1)).toBe(500);
  });

  it("comes within half a second of an accepted activity, also out of a long pause", async () => {
    let outstanding = 0;
    const { rounds, hurry, stop } = counted(() => outstanding);
    await vi.advanceTimersByTimeAsync(8_000);
    const before = rounds.length;
    outstanding = 1;
    hurry();
    await vi.advanceTimersByTimeAsync(500);
    expect(rounds).toHaveLength(before + 1);
    await vi.advanceTimersByTimeAsync(1_000);
    await stop();
    expect(rounds).toHaveLength(before + 3);
  });

  it("ends while it pauses", async () => {
    const { rounds, stop } = counted(() => 0);
    await vi.advanceTimersByTimeAsync(600);
    await stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(rounds).toHaveLength(1);
  });
});
