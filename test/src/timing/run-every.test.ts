import { describe, expect, it } from "vitest";
import { runEvery } from "../../../src/timing/run-every.ts";

const HOUR = 3_600_000;

describe("runEvery", () => {
  it("runs at once, continues after an error and ends with the signal", async () => {
    const stopping = new AbortController();
    const errors: unknown[] = [];
    let runs = 0;
    await runEvery(
      0,
      async () => {
        runs += 1;
        if (runs === 2) throw new Error("second run");
        if (runs === 4) stopping.abort();
      },
      { signal: stopping.signal, onError: (error) => errors.push(error) },
    );
    expect(runs).toBe(4);
    expect(errors).toEqual([new Error("second run")]);
  });

  it("resolves after the current run", async () => {
    const stopping = new AbortController();
    let finish = (): void => undefined;
    const started = new Promise<void>((resolve) => {
      const work = new Promise<void>((done) => {
        finish = done;
      });
      const loop = runEvery(
        HOUR,
        () => {
          resolve();
          return work;
        },
        { signal: stopping.signal, onError: () => undefined },
      );
      void loop.then(() => order.push("loop"));
    });
    const order: string[] = [];
    await started;
    stopping.abort();
    order.push("abort");
    await Promise.resolve();
    finish();
    while (order.length < 2) await new Promise(setImmediate);
    expect(order).toEqual(["abort", "loop"]);
  });

  it("waits as long as a run asks for", async () => {
    const stopping = new AbortController();
    let runs = 0;
    await runEvery(
      HOUR,
      async () => {
        runs += 1;
        if (runs === 3) stopping.abort();
        return 1;
      },
      { signal: stopping.signal, onError: () => undefined },
    );
    expect(runs).toBe(3);
  });

  it("starts no run with an aborted signal", async () => {
    let runs = 0;
    const task = async () => {
      runs += 1;
    };
    await runEvery(1, task, { signal: AbortSignal.abort(), onError: () => undefined });
    expect(runs).toBe(0);
  });
});
