import { totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError } from "../config/settings.ts";
import type { Surroundings } from "../config/surroundings.ts";
import type { Log } from "../model/log.ts";
import { fetchServer } from "./fetch-server.ts";
import { findServer, type ServerProgram } from "./find-server.ts";
import { EXIT_LOCKED, type ServerRun, startGuarded } from "./guarded-child.ts";
import { probeServer } from "./server-life.ts";
import { type ServerFolder, serverFolder } from "./socket-path.ts";

/** A Redis that the gateway runs itself, for installations without REDIS_URL. */
export interface PrivateServer {
  /** As REDIS_URL takes it. */
  readonly url: string;
  /** Returns false while another gateway on the same data folder runs the server. */
  readonly owned: () => boolean;
  /** Returns the server's process id while this gateway owns it. */
  readonly pid: () => number | undefined;
  /** Ends a server that this gateway owns; the data is on disk then. */
  readonly stop: () => Promise<void>;
}

export interface PrivateServerDeps {
  readonly dataDir: string;
  /** REDIS_SERVER; empty: search for a server. */
  readonly server: string;
  /** REDIS_FETCH. */
  readonly mayFetch: boolean;
  /** CACHE_DIR; empty: the user's cache folder. */
  readonly cacheDir: string;
  readonly surroundings: Surroundings;
  readonly log: Log;
}

const CHECK_INTERVAL_MS = 500;
const MAX_PAUSE_MS = 5_000;
const STOP_TIMEOUT_MS = 20_000;

/**
 * Starts Redis or Valkey as a guarded child process and keeps it running until `stop`. Joins instead the server that another
 * gateway runs on the same data folder. Throws `ConfigError` with the command to run where no server can be found.
 */
export async function privateServer(deps: PrivateServerDeps): Promise<PrivateServer> {
  const folder = await serverFolder(deps.dataDir, deps.surroundings.runtimeDir);
  const memory = memoryShare();
  let program: ServerProgram | undefined;
  let run: ServerRun | undefined;
  const stopping = new AbortController();

  const ensureRunning = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const { state } = await probeServer(folder.socket);
      if (state === "ready") return;
      if (state === "busy") {
        await sleep(100);
        continue;
      }
      program ??= await obtainProgram(deps);
      const started = startGuarded(program, folder, { memory, log: deps.log });
      const outcome = await readyOrEnded(folder.socket, started);
      if (outcome === "ready") {
        run = started;
        started.ended.then(() => {
          if (run === started) run = undefined;
        });
        deps.log.info({ program: program.file, version: program.version, data: folder.dir }, "private redis started");
        return;
      }
      if (outcome !== EXIT_LOCKED) throw new Error(`Redis ended (${outcome}) at its start: ${started.lastOutput()}`);
      await sleep(100);
    }
  };

  await ensureRunning();
  if (run === undefined) deps.log.info({ data: folder.dir }, "using the private redis of another gateway");
  const watching = keepAlive({ ensureRunning, run: () => run, folder, stopping: stopping.signal, log: deps.log });

  return {
    url: `unix:${encodeURI(folder.socket)}`,
    owned: () => run !== undefined,
    pid: () => run?.pid,
    stop: async () => {
      stopping.abort();
      await watching;
      if (run !== undefined) await stopServer(run);
    },
  };
}

interface KeepAliveOptions {
  readonly ensureRunning: () => Promise<void>;
  readonly run: () => ServerRun | undefined;
  readonly folder: ServerFolder;
  readonly stopping: AbortSignal;
  readonly log: Log;
}

/** Restarts the server whenever it is gone, also another gateway's. Waits longer after each failed start. */
async function keepAlive(options: KeepAliveOptions): Promise<void> {
  const stopped = new Promise<void>((done) => options.stopping.addEventListener("abort", () => done(), { once: true }));
  const pause = (ms: number): Promise<unknown> =>
    sleep(ms, undefined, { signal: options.stopping }).catch(() => undefined);
  let failures = 0;
  while (!options.stopping.aborted) {
    const run = options.run();
    if (run === undefined) {
      await pause(CHECK_INTERVAL_MS);
      if (options.stopping.aborted || (await probeServer(options.folder.socket)).state !== "dead") continue;
    } else {
      await Promise.race([run.ended, stopped]);
      if (options.stopping.aborted) return;
      options.log.error({ output: run.lastOutput() }, "private redis ended; restarting");
    }
    try {
      await options.ensureRunning();
      failures = 0;
    } catch (error) {
      failures += 1;
      options.log.error(
        { reason: error instanceof Error ? error.message : "unknown" },
        "The private Redis won't start",
      );
      await pause(Math.min(100 * 2 ** failures, MAX_PAUSE_MS));
    }
  }
}

async function readyOrEnded(socket: string, run: ServerRun): Promise<"ready" | number | string> {
  let outcome: number | string | undefined;
  const ended = run.ended.then((how) => {
    outcome = how;
  });
  for (;;) {
    if (outcome !== undefined) return outcome;
    const life = await probeServer(socket);
    // Another gateway's server may answer while the lock turns our own away.
    if (life.state === "ready" && life.pid === run.pid) return "ready";
    await Promise.race([ended, sleep(15)]);
  }
}

async function stopServer(run: ServerRun): Promise<void> {
  run.signal("SIGTERM");
  const late = new AbortController();
  const force = sleep(STOP_TIMEOUT_MS, undefined, { signal: late.signal }).then(
    () => run.signal("SIGKILL"),
    () => undefined,
  );
  await run.ended;
  late.abort();
  await force;
}

async function obtainProgram(deps: PrivateServerDeps): Promise<ServerProgram> {
  const cacheDir = deps.cacheDir || join(deps.surroundings.cacheHome, "dragoman");
  const found = await findServer({ configured: deps.server, cacheDir, surroundings: deps.surroundings });
  if (found.program !== undefined) return found.program;
  const old = found.tooOld.length === 0 ? "" : ` (${found.tooOld.join(", ")}: 7.0 or newer is needed)`;
  let why = "";
  if (deps.mayFetch) {
    try {
      const logInfo = (sentence: string): void => deps.log.info({}, sentence);
      const fetched = await fetchServer({ cacheDir, surroundings: deps.surroundings, onProgress: logInfo });
      if (fetched !== undefined) return fetched;
    } catch (error) {
      deps.log.warn(
        { reason: error instanceof Error ? error.message : "unknown" },
        "redis packages could not be fetched",
      );
      why = " and it could not be fetched";
    }
  }
  const line =
    process.platform === "darwin"
      ? "brew install valkey"
      : "sudo apt-get install -y --no-install-recommends redis-server";
  throw new ConfigError(
    "REDIS_URL",
    `no Redis or Valkey was found here${old}${why}. Run: ${line}; or give the URL of one`,
  );
}

/** Returns half of the memory that this machine or container may use. The rest is for the gateway and for rewriting the AOF. */
function memoryShare(): number {
  const allowed = process.constrainedMemory();
  const total = totalmem();
  return Math.floor((allowed > 0 && allowed < total ? allowed : total) / 2);
}
