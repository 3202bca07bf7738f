import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { type Figure, median } from "./figures.ts";
import { cpuOf, outputMatching, startProgram } from "./gateway.ts";
import { buildRevision } from "./revision.ts";

const ROOT = new URL("..", import.meta.url).pathname;
/** Time after the start at which an idle gateway is measured. */
const IDLE_AFTER_MS = 16_000;
const IDLE_FOR_MS = 10_000;

/** Figures of one start with all platforms on a new private Redis. */
interface Start {
  readonly httpMs: number;
  readonly workerMs: number;
  readonly apiCpuMs: number;
  readonly workerCpuMs: number;
  readonly memoryMb: number;
  readonly commands: number;
  readonly idleCpuMs: number;
}

/** Starts the build in a folder, waits until it rests, and ends it. */
async function startOnce(root: string): Promise<Start> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-start-"));
  const env = { PATH: process.env.PATH, HOME: dir, DATA_DIR: dir, PORT: "0", LOG_LEVEL: "info", GRACE_SECONDS: "0" };
  const since = performance.now();
  const api = startProgram([join(root, "bin/dragoman.mjs"), "serve"], env);
  try {
    const listening = outputMatching(api, /listens on/).then(() => performance.now() - since);
    const working = outputMatching(api, /worker ready/).then(() => performance.now() - since);
    const [httpMs, workerMs] = await Promise.all([listening, working]);
    const [worker = 0, redis = 0] = childrenOf(api.pid ?? 0).sort((a, b) => Number(isRedis(a)) - Number(isRedis(b)));
    const [apiCpuMs, workerCpuMs] = [cpuOf(api.pid) * 1_000, cpuOf(worker) * 1_000];
    await sleep(IDLE_AFTER_MS - workerMs);
    const all = [api.pid ?? 0, worker, redis];
    const cpu = (): number => all.reduce((sum, pid) => sum + cpuOf(pid) * 1_000, 0);
    const before = { cpu: cpu(), commands: await commandsOf(redis) };
    await sleep(IDLE_FOR_MS);
    const perSecond = (change: number): number => change / (IDLE_FOR_MS / 1_000);
    return {
      httpMs,
      workerMs,
      apiCpuMs,
      workerCpuMs,
      memoryMb: all.reduce((sum, pid) => sum + residentMb(pid), 0),
      commands: perSecond((await commandsOf(redis)) - before.commands),
      idleCpuMs: perSecond(cpu() - before.cpu),
    };
  } finally {
    const ended = new Promise((resolve) => api.once("exit", resolve));
    api.kill("SIGTERM");
    await ended;
    await rm(dir, { recursive: true, force: true });
  }
}

/** Child processes, with those of shells that became them. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

function isRedis(pid: number): boolean {
  return /redis|valkey/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
}

/** Memory of a process in MB; what several processes share counts in parts. */
function residentMb(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]) / 1_024;
}

/** Number of commands that the private server has carried out. */
async function commandsOf(pid: number): Promise<number> {
  const [, socket = ""] = /unixsocket[:\0]([^\0\s]+)/.exec(readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? [];
  const redis = new Redis(socket);
  const stats = await redis.info("commandstats");
  redis.disconnect();
  return [...stats.matchAll(/:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

/** Files of JavaScript that both processes load until they work, and their size. */
async function filesLoaded(root: string): Promise<{ readonly count: number; readonly mb: number }> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-start-"));
  const coverage = join(dir, "coverage");
  const env = { PATH: process.env.PATH, HOME: dir, DATA_DIR: dir, PORT: "0", LOG_LEVEL: "info", GRACE_SECONDS: "0" };
  const api = startProgram([join(root, "bin/dragoman.mjs"), "serve"], { ...env, NODE_V8_COVERAGE: coverage });
  await outputMatching(api, /worker ready/);
  const ended = new Promise((resolve) => api.once("exit", resolve));
  api.kill("SIGTERM");
  await ended;
  const lists = readdirSync(coverage).map(
    (name) => JSON.parse(readFileSync(join(coverage, name), "utf8")) as { result: ReadonlyArray<{ url: string }> },
  );
  const files = lists.flatMap(({ result }) => result.map(({ url }) => url).filter((url) => url.startsWith("file:")));
  await rm(dir, { recursive: true, force: true });
  return { count: files.length, mb: files.reduce((sum, url) => sum + statSync(fileURLToPath(url)).size, 0) / 1e6 };
}

const MUST: Readonly<Record<keyof Start, { readonly name: string; readonly unit: string; readonly max?: number }>> = {
  httpMs: { name: "cold start to HTTP", unit: "ms", max: 900 },
  workerMs: { name: "cold start to a working worker", unit: "ms", max: 1_500 },
  apiCpuMs: { name: "  CPU of the API until then", unit: "ms" },
  workerCpuMs: { name: "  CPU of the worker until then", unit: "ms" },
  memoryMb: { name: "idle, memory of API, worker and Redis", unit: "MB", max: 150 },
  commands: { name: "idle, Redis commands", unit: "/s" },
  idleCpuMs: { name: "idle, CPU of all", unit: "ms/s" },
};

/** Measures start and rest of this build. A named revision is measured in alternating rounds. */
export async function starts(against?: string, rounds = 3): Promise<readonly Figure[]> {
  const other = against === undefined ? undefined : await buildRevision(against);
  const subjects = [...(other === undefined ? [] : [other]), { name: "", root: ROOT }];
  try {
    const measured = subjects.map(() => [] as Start[]);
    for (let round = 0; round < rounds; round++) {
      for (const [index, { root }] of subjects.entries()) measured[index]?.push(await startOnce(root));
    }
    const figures: Figure[] = [];
    for (const [index, { name, root }] of subjects.entries()) {
      const { count, mb } = await filesLoaded(root);
      const label = (text: string): string => (name === "" ? text : `${text}, ${name}`);
      for (const [key, { name: title, unit, max }] of Object.entries(MUST) as Array<
        [keyof Start, (typeof MUST)[keyof Start]]
      >) {
        const value = median((measured[index] ?? []).map((start) => start[key]));
        figures.push({
          name: label(title),
          value,
          unit,
          ...(max === undefined || name !== "" ? {} : { must: { max } }),
        });
      }
      figures.push({ name: label("files of JavaScript, both processes"), value: count, unit: "" });
      figures.push({ name: label("  their size"), value: mb, unit: "MB" });
    }
    return figures;
  } finally {
    await other?.remove();
  }
}
