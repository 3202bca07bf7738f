import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { silentLog } from "../../../src/model/log.ts";
import { metrics } from "../../../src/process/metrics.ts";
import { type SupervisedWorker, superviseWorker } from "../../../src/process/supervisor.ts";
import { until } from "../../support/redis-process.ts";

const support = (file: string): string => fileURLToPath(new URL(`../../support/${file}`, import.meta.url));
const running: SupervisedWorker[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop(500)));
});

function supervise(manner: string, lines: object[] = []): SupervisedWorker {
  const log = { ...silentLog, error: (fields: object) => lines.push(fields) };
  const worker = superviseWorker({ entry: support("supervised-worker.ts"), args: [manner], env: process.env, log });
  running.push(worker);
  return worker;
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a worker that is killed is replaced at once", async () => {
  const worker = supervise("works");
  await worker.whenReady();
  const first = worker.pid() as number;
  process.kill(first, "SIGKILL");
  await until(() => worker.pid() !== undefined && worker.pid() !== first && worker.ready());
  expect(alive(first)).toBe(false);
});

test("a worker that cannot start is restarted with growing pauses", async () => {
  const lines: Array<{ how?: unknown; pauseMs?: number }> = [];
  supervise("dies", lines);
  await until(() => lines.length >= 3);
  expect(lines[0]?.how).toBe(3);
  const pauses = lines.slice(0, 3).map((line) => line.pauseMs ?? 0);
  expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
  expect(new Set(pauses).size).toBe(3);
});

test("a worker's metrics are collected beside the parent's own", async () => {
  const worker = supervise("works");
  await worker.whenReady();
  const own = metrics("api");
  own.accepted.inc({ platform: "dummy" });
  const snapshot = await worker.metrics();
  const text = await own.text(snapshot === undefined ? [] : [snapshot]);
  expect(text).toContain('dragoman_results_total{platform="dummy",status="sent",role="worker"} 3');
  expect(text).toContain('dragoman_activities_accepted_total{platform="dummy",role="api"} 1');
});

test("stop ends the worker, by force when it does not react", async () => {
  for (const manner of ["works", "deaf"]) {
    const worker = supervise(manner);
    await worker.whenReady();
    const pid = worker.pid() as number;
    await worker.stop(200);
    expect(alive(pid)).toBe(false);
    expect(await worker.metrics()).toBeUndefined();
  }
});

test("no worker outlives a killed parent", async () => {
  const parent = spawn(process.execPath, ["--import", "tsx", support("supervisor.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: parent.stdout }), "line");
  const pid = Number(line);
  expect(alive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await until(() => !alive(pid));
});
