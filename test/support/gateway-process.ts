import { type ChildProcess, execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import { guardedSpawn } from "./guarded-spawn.ts";

export interface GatewayProcess {
  /** Base URL of the API; empty for a worker. */
  readonly base: string;
  readonly pid: () => number;
  readonly running: () => boolean;
  /** Starts the process (again) on the same port and data. Resolves when the process reports readiness. */
  readonly start: () => Promise<void>;
  /** SIGKILL at this very moment; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** Sends SIGTERM, as a supervisor does. */
  readonly stop: () => Promise<void>;
  /** Last lines of output, for a failing test. */
  readonly lastWords: () => string;
}

export interface GatewayProcessSettings {
  readonly role: "all" | "api" | "worker";
  /** DATA_DIR, which the processes of one gateway share. */
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Receives every line that the process writes. */
  readonly onLine?: (line: string) => void;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENTRY = join(ROOT, "dist/src/cli/main.js");
const READY = { all: /Dragoman listens on/, api: /Dragoman listens on/, worker: /worker ready/ } as const;

/** Starts the built product as a separate process. The process cannot outlive the test process. */
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
    await outputMatching(started, READY[role], (line) => {
      lines.push(line);
      if (lines.length > 40) lines.shift();
      settings.onLine?.(line);
    }).catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : String(error)}:\n${lines.join("\n")}`);
    });
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

/** Reads the key of the app that a gateway created at its first start. */
export async function firstKey(dataDir: string): Promise<string> {
  return (await readFile(join(dataDir, "first-app.key"), "utf8")).trim();
}

/** Creates an app by the command line; returns its key. */
export function createApp(name: string, dataDir: string, redisUrl: string): string {
  const env = { ...productEnv(dataDir), REDIS_URL: redisUrl };
  return execFileSync(process.execPath, [ENTRY, "app", "create", name], { env, stdio: ["ignore", "pipe", "ignore"] })
    .toString()
    .trim();
}

/** Environment without the developer's settings. No proxy needs time to detect the shutdown, so the delay is 0. */
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
  execFileSync(process.execPath, [join(ROOT, "ops/build.mjs")], { stdio: "ignore" });
  built = true;
}

function alive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** Resolves at the first matching line. Rejects when the process ends before. */
function outputMatching(child: ChildProcess, pattern: RegExp, onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as Readable }).on("line", (line) => {
        onLine(line);
        if (pattern.test(line)) resolve();
      });
    }
    child.once("exit", (code, signal) =>
      reject(new Error(`The gateway ended (${code ?? signal}) before it was ready`)),
    );
  });
}
