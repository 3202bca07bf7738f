import { describe, expect, it } from "vitest";
import { wakeSignal } from "../../../src/timing/wake-signal.ts";

describe("wakeSignal", () => {
  it("remembers a notification for exactly one wait", async () => {
    const wake = wakeSignal();
    wake.notify();
    wake.notify();
    expect(wake.isNotified()).toBe(true);
    expect(await wake.wait()).toBe(true);
    expect(wake.isNotified()).toBe(false);
    expect(await wake.wait(1)).toBe(false);
  });

  it("ends the current wait", async () => {
    const wake = wakeSignal();
    const waiting = wake.wait(3_600_000);
    wake.notify();
    expect(await waiting).toBe(true);
    expect(wake.isNotified()).toBe(false);
  });

  it("returns false at once for a wait of 0 ms", async () => {
    expect(await wakeSignal().wait(0)).toBe(false);
  });
});
