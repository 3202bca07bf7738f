import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../model/log.ts";
import type { MetricsSnapshot } from "./metrics.ts";
import type { ToChild, ToParent } from "./parent-link.ts";

/** The worker process beside the API. */
export interface SupervisedWorker {
  readonly pid: () => number | undefined;
  /** True while its last word was that it works. */
  readonly ready: () => boolean;
  /** Resolves when a worker is ready (the first, or after a restart). */
  readonly whenReady: () => Promise<void>;
  /** Returns the worker's metrics; undefined when the worker is away or slow. */
  readonly metrics: () => Promise<MetricsSnapshot | undefined>;
  /** SIGTERM, then SIGKILL after `graceMs`; no restart any more. */
  readonly stop: (graceMs: number) => Promise<void>;
}

export interface SuperviseDeps {
  /** The file to run with `args`; a `.ts` file runs by way of tsx. */
  readonly entry: string;
  readonly args: readonly string[];
  /** The child's whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

const LONGEST_PAUSE_MS = 10_000;
/** A worker that lived this long was healthy: its end doesn't slow the next start. */
const HEALTHY_MS = 30_000;
const METRICS_MS = 1_000;

/**
 * Forks a worker and restarts it when it dies.
 * Restarts are immediate, and slower each time a worker dies young. The worker
 * ends by itself when its parent is gone (see `parentLink`).
 */
export function superviseWorker(deps: SuperviseDeps): SupervisedWorker {
  let child: ChildProcess | undefined;
  let ready = false;
  let waiting: Array<() => void> = [];
  const stopping = new AbortController();

  const once = (): Promise<number | string> => {
    const started = start(deps);
    child = started;
    started.on("message", (message: ToParent) => {
      if (message.kind !== "ready") return;
      ready = true;
      for (const tell of waiting.splice(0)) tell();
    });
    return endOf(started).finally(() => {
      ready = false;
      child = undefined;
    });
  };

  const running = (async () => {
    let young = 0;
    while (!stopping.signal.aborted) {
      const since = Date.now();
      const how = await once();
      if (stopping.signal.aborted) return;
      young = Date.now() - since < HEALTHY_MS ? young + 1 : 0;
      const pauseMs = young === 0 ? 0 : Math.min(50 * 2 ** young, LONGEST_PAUSE_MS);
      deps.log.error({ how, pauseMs }, "worker process ended; restarting");
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();

  return {
    pid: () => child?.pid,
    ready: () => ready,
    whenReady: () => (ready ? Promise.resolve() : new Promise((done) => waiting.push(done))),
    metrics: () => (child === undefined ? Promise.resolve(undefined) : askMetrics(child)),
    stop: async (graceMs) => {
      stopping.abort();
      waiting = [];
      const late = setTimeout(() => child?.kill("SIGKILL"), graceMs);
      child?.kill("SIGTERM");
      await running;
      clearTimeout(late);
    },
  };
}

function start(deps: SuperviseDeps): ChildProcess {
  const translated = deps.entry.endsWith(".ts") ? ["--import", "tsx"] : [];
  return fork(deps.entry, [...deps.args], {
    env: { ...deps.env },
    execArgv: translated,
    // A group of its own: Ctrl-C reaches the API, which tells the worker when.
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", (code, signal) => done(code ?? signal ?? "unknown"));
  });
}

function askMetrics(child: ChildProcess): Promise<MetricsSnapshot | undefined> {
  return new Promise((done) => {
    const over = (snapshot: MetricsSnapshot | undefined): void => {
      clearTimeout(late);
      child.off("message", hear);
      done(snapshot);
    };
    const hear = (message: ToParent): void => {
      if (message.kind === "metrics") over(message.snapshot);
    };
    const late = setTimeout(() => over(undefined), METRICS_MS);
    child.on("message", hear);
    const ask: ToChild = { kind: "metrics" };
    child.send(ask, (error) => {
      if (error !== null) over(undefined);
    });
  });
}
