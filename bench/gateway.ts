import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestRedis, testRedis } from "../test/support/redis.ts";

/** API and worker process of the built product on a private Redis (AOF always). */
export interface BenchGateway {
  readonly port: number;
  readonly key: string;
  readonly redis: TestRedis;
  /** User and system CPU seconds so far. */
  readonly cpu: () => { readonly api: number; readonly worker: number; readonly redis: number };
  /** KiB. */
  readonly rss: () => { readonly api: number; readonly worker: number };
  readonly api: ChildProcess;
  readonly worker: ChildProcess;
  readonly stop: () => Promise<void>;
}

const ROOT = new URL("..", import.meta.url).pathname;
/** Keeps the append-only file as written. Benches read the size. */
const NO_REWRITE = ["--auto-aof-rewrite-percentage", "0"];

/** Starts the build in `root` on a free port. Resolves when both processes are ready. */
export async function benchGateway(env: Readonly<Record<string, string>> = {}, root = ROOT): Promise<BenchGateway> {
  const redis = await testRedis(NO_REWRITE);
  const dir = await mkdtemp(join(tmpdir(), "dgm-bench-"));
  const all = {
    PATH: process.env.PATH,
    NODE_ENV: "production",
    DATA_DIR: dir,
    REDIS_URL: redis.url,
    PORT: "0",
    PLATFORMS: "dummy",
    LOG_LEVEL: "info",
    QUOTA: "1000000",
    RATE: "1000000",
    GRACE_SECONDS: "0",
    ...env,
  };
  const serve = (role: string) => ["--expose-gc", join(root, "dist/src/cli/main.js"), "serve", "--role", role];
  const api = startProgram(serve("api"), all);
  const port = Number(/:(\d+)/.exec(await outputMatching(api, /listens on/))?.[1]);
  const worker = startProgram(serve("worker"), all);
  await outputMatching(worker, /worker (is )?ready/i);
  const key = readFileSync(join(dir, "first-app.key"), "utf8").trim();
  return handleOf({ port, key, redis, api, worker }, dir);
}

/** Starts the bare ceiling, see ceiling.ts. */
export async function benchCeiling(): Promise<BenchGateway> {
  const redis = await testRedis(NO_REWRITE);
  const dir = await mkdtemp(join(tmpdir(), "dgm-bench-"));
  const env = { PATH: process.env.PATH, NODE_ENV: "production" };
  const run = (role: string) => ["--import", "tsx", join(ROOT, "bench/ceiling.ts"), role, redis.socket];
  const api = startProgram(run("api"), env);
  const port = Number(/:(\d+)/.exec(await outputMatching(api, /listens on/))?.[1]);
  const worker = startProgram(run("worker"), env);
  await outputMatching(worker, /worker ready/);
  return handleOf({ port, key: "none", redis, api, worker }, dir);
}

type Started = Pick<BenchGateway, "port" | "key" | "redis" | "api" | "worker">;

function handleOf(started: Started, dir: string): BenchGateway {
  const { port, key, redis, api, worker } = started;
  return {
    port,
    key,
    redis,
    api,
    worker,
    cpu: () => ({ api: cpuOf(api.pid), worker: cpuOf(worker.pid), redis: cpuOf(redis.pid()) }),
    rss: () => ({ api: rssOf(api.pid), worker: rssOf(worker.pid) }),
    stop: async () => {
      for (const child of [api, worker]) {
        const gone = new Promise((done) => child.once("exit", done));
        child.kill("SIGTERM");
        await gone;
      }
      await redis.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Starts Node with these arguments. */
export function startProgram(args: readonly string[], env: Readonly<Record<string, string | undefined>>): ChildProcess {
  return spawn(process.execPath, args, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
}

/** Resolves with the first matching line of either output; other lines are dropped. */
export function outputMatching(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const tail: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as NodeJS.ReadableStream }).on("line", (text) => {
        tail.push(text);
        if (tail.length > 20) tail.shift();
        if (pattern.test(text)) resolve(text);
      });
    }
    child.once("exit", () => reject(new Error(`the gateway ended:\n${tail.join("\n")}`)));
  });
}

/** User and system CPU seconds of a process so far. */
export function cpuOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function rssOf(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
