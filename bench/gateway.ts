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

const ENTRY = new URL("../dist/src/cli/main.js", import.meta.url).pathname;

/** Starts the gateway on a free port. Resolves when both processes are ready. */
export async function benchGateway(env: Readonly<Record<string, string>> = {}): Promise<BenchGateway> {
  const redis = await testRedis();
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
  const api = start("api", all);
  const port = Number(/:(\d+)/.exec(await outputMatching(api, /listens on/))?.[1]);
  const worker = start("worker", all);
  await outputMatching(worker, /worker ready/);
  const key = readFileSync(join(dir, "first-app.key"), "utf8").trim();
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

function start(role: string, env: Readonly<Record<string, string | undefined>>): ChildProcess {
  return spawn(process.execPath, ["--expose-gc", ENTRY, "serve", "--role", role], {
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Resolves with the first matching line of either output; other lines are dropped. */
function outputMatching(child: ChildProcess, pattern: RegExp): Promise<string> {
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

function cpuOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function rssOf(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
