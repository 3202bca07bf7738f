import { type ChildProcess, execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import { guardedSpawn } from "./guarded-spawn.ts";

export interface GatewayProcess {
  /** Where it answers, with the base path; empty for a worker. */
  readonly base: string;
  readonly pid: () => number;
  readonly running: () => boolean;
  /** Starts it (again), on the same port and data; resolves when it says that it works. */
  readonly start: () => Promise<void>;
  /** SIGKILL at this very moment; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** SIGTERM, as a supervisor ends it. */
  readonly stop: () => Promise<void>;
  /** What it wrote last, for a failing test. */
  readonly lastWords: () => string;
}

export interface GatewayProcessSettings {
  readonly role: "all" | "api" | "worker";
  /** Its DATA_DIR, which processes of one gateway share. */
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENTRY = join(ROOT, "dist/src/cli/main.js");
const READY = { all: /Dragoman listens on/, api: /Dragoman listens on/, worker: /worker ready/ } as const;

/** Starts the built product as a process of its own, as an operator does; it can't outlive the test process. */
export async function gatewayProcess(settings: GatewayProcessSettings): Promise<GatewayProcess> {
  buildOnce();
  const { role, env = {} } = settings;
  const port = role === "worker" ? 0 : await freePort();
  const lines: string[] = [];
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const started = guardedSpawn([process.execPath, ENTRY, "serve", "--role", role], {
      env: { ...productEnv(settings.dataDir), PORT: String(port), PLATFORMS: "+dummy", LOG_LEVEL: "info", ...env },
      output: "pipe",
    });
    child = started;
    await outputMatching(started, READY[role], lines);
  };
  const gone = (): Promise<void> => {
    const current = child;
    if (current === undefined || !alive(current)) return Promise.resolve();
    return new Promise((done) => current.once("exit", () => done()));
  };
  const end = (signal: NodeJS.Signals): Promise<void> => {
    const ended = gone();
    child?.kill(signal);
    return ended;
  };

  await start();
  return {
    base: role === "worker" ? "" : `http://127.0.0.1:${port}/gateway`,
    pid: () => child?.pid ?? -1,
    running: () => child !== undefined && alive(child),
    start,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    lastWords: () => lines.join("\n"),
  };
}

/** The key of the app that a gateway made at its first start. */
export async function firstKey(dataDir: string): Promise<string> {
  return (await readFile(join(dataDir, "first-app.key"), "utf8")).trim();
}

/** Makes another app as an operator does, by the command line; answers its key. */
export function createApp(name: string, dataDir: string, redisUrl: string): string {
  const env = { ...productEnv(dataDir), REDIS_URL: redisUrl };
  return execFileSync(process.execPath, [ENTRY, "app", "create", name], { env, stdio: ["ignore", "pipe", "ignore"] })
    .toString()
    .trim();
}

/** Nothing of the developer's own settings may reach a test, and no proxy needs time to notice that it ends. */
function productEnv(dataDir: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir, GRACE_SECONDS: "0" };
}

/** The product's built entry, made fresh once per test process. */
export function builtEntry(): string {
  buildOnce();
  return ENTRY;
}

let built = false;
function buildOnce(): void {
  if (built) return;
  const build = `import(${JSON.stringify(join(ROOT, "ops/build.mjs"))}).then(({ build }) => build())`;
  execFileSync(process.execPath, ["--input-type=module", "-e", build], { stdio: "ignore" });
  built = true;
}

function alive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** Resolves at the first line that fits; rejects with the last lines when the process ends before it. */
function outputMatching(child: ChildProcess, pattern: RegExp, lines: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as Readable }).on("line", (line) => {
        lines.push(line);
        if (lines.length > 40) lines.shift();
        if (pattern.test(line)) resolve();
      });
    }
    child.once("exit", (code, signal) =>
      reject(new Error(`The gateway ended (${code ?? signal}) before it was ready:\n${lines.join("\n")}`)),
    );
  });
}
