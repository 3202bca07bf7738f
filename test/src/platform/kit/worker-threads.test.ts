import { afterEach, expect, it } from "vitest";
import { type WorkerPool, workerPool } from "../../../../src/platform/kit/worker-threads.ts";

let pool: WorkerPool<string, string> | undefined;
afterEach(() => pool?.close());

const never = new AbortController().signal;
const poolOf = (max: number, limitMs = 60_000) =>
  workerPool<string, string>({
    file: new URL("../../../support/obedient-thread.ts", import.meta.url),
    max,
    limitMs,
    limits: {},
    onLimitExceeded: () => new Error("beyond the limits"),
    onStartFailure: () => new Error("not started"),
  });

it("threads that one app's documents keep busy leave others for other apps", async () => {
  pool = poolOf(2);
  const stop = new AbortController();
  const { run, count } = pool;
  const hanging = Array.from({ length: 8 }, () => run("greedy", "hang", stop.signal));
  for (const task of ["a", "b", "c"]) expect(await run("modest", task, never)).toBe(task);
  expect(count()).toBe(2);
  stop.abort(new Error("stopped"));
  for (const { status } of await Promise.allSettled(hanging)) expect(status).toBe("rejected");
  expect(await run("greedy", "d", never)).toBe("d");
});

it("a document beyond its time ends its thread alone, and the next gets another", async () => {
  pool = poolOf(1, 200);
  await expect(pool.run("app1", "hang", never)).rejects.toThrow("beyond the limits");
  expect(pool.count()).toBe(0);
  expect(await pool.run("app1", "a", never)).toBe("a");
});
