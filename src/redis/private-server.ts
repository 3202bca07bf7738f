import { totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError, type Surroundings } from "../config/settings.ts";
import type { Log } from "../model/log.ts";
import { fetchServer } from "./fetch-server.ts";
import { findServer, type ServerProgram } from "./find-server.ts";
import { LOCKED, type ServerRun, startGuarded } from "./guarded-child.ts";
import { lifeOf } from "./server-life.ts";
import { type ServerFolder, serverFolder } from "./socket-path.ts";

/** A Redis of our own, for houses that give no REDIS_URL. */
export interface PrivateServer {
  /** As REDIS_URL takes it. */
  readonly url: string;
  /** False while another gateway on the same data folder runs it. */
  readonly owned: () => boolean;
  /** The server's process while we own it. */
  readonly pid: () => number | undefined;
  /** Ends it if it is ours; its data is on disk then. */
  readonly stop: () => Promise<void>;
}

export interface PrivateServerDeps {
  readonly dataDir: string;
  /** REDIS_SERVER; empty: look for one. */
  readonly server: string;
  /** REDIS_FETCH. */
  readonly mayFetch: boolean;
  /** CACHE_DIR; empty: the user's cache folder. */
  readonly cacheDir: string;
  readonly surroundings: Surroundings;
  readonly log: Log;
}

const LOOK_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
const STOP_MS = 20_000;

/**
 * Starts Redis or Valkey as our own guarded child, or joins the one that another gateway runs on the same data folder,
 * and keeps one running until `stop`. Throws `ConfigError` with the line to run where there is none to start.
 */
export async function privateServer(deps: PrivateServerDeps): Promise<PrivateServer> {
  const folder = await serverFolder(deps.dataDir, deps.surroundings.runtimeDir);
  const memory = memoryShare();
  let program: ServerProgram | undefined;
  let run: ServerRun | undefined;
  const stopping = new AbortController();

  const bring = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const { state } = await lifeOf(folder.socket);
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
        deps.log.info({ program: program.file, version: program.version, data: folder.dir }, "Private Redis started");
        return;
      }
      if (outcome !== LOCKED) throw new Error(`Redis ended (${outcome}) at its start: ${started.lastWords()}`);
      await sleep(100);
    }
  };

  await bring();
  if (run === undefined) deps.log.info({ data: folder.dir }, "Using the private Redis of another gateway");
  const watching = keepAlive({ bring, run: () => run, folder, stopping: stopping.signal, log: deps.log });

  return {
    url: `unix:${encodeURI(folder.socket)}`,
    owned: () => run !== undefined,
    pid: () => run?.pid,
    stop: async () => {
      stopping.abort();
      await watching;
      if (run !== undefined) await end(run);
    },
  };
}

interface Watch {
  readonly bring: () => Promise<void>;
  readonly run: () => ServerRun | undefined;
  readonly folder: ServerFolder;
  readonly stopping: AbortSignal;
  readonly log: Log;
}

/** Waits until the server, ours or another's, is gone, and brings it back; slower each time it fails to start. */
async function keepAlive(watch: Watch): Promise<void> {
  const stopped = new Promise<void>((done) => watch.stopping.addEventListener("abort", () => done(), { once: true }));
  const pause = (ms: number): Promise<unknown> =>
    sleep(ms, undefined, { signal: watch.stopping }).catch(() => undefined);
  let failures = 0;
  while (!watch.stopping.aborted) {
    const run = watch.run();
    if (run === undefined) {
      await pause(LOOK_MS);
      if (watch.stopping.aborted || (await lifeOf(watch.folder.socket)).state !== "dead") continue;
    } else {
      await Promise.race([run.ended, stopped]);
      if (watch.stopping.aborted) return;
      watch.log.error({ words: run.lastWords() }, "The private Redis ended; starting it again");
    }
    try {
      await watch.bring();
      failures = 0;
    } catch (error) {
      failures += 1;
      watch.log.error({ reason: error instanceof Error ? error.message : "unknown" }, "The private Redis won't start");
      await pause(Math.min(100 * 2 ** failures, LONGEST_PAUSE_MS));
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
    const life = await lifeOf(socket);
    // Another gateway's server may answer while ours is turned away by the lock.
    if (life.state === "ready" && life.pid === run.pid) return "ready";
    await Promise.race([ended, sleep(15)]);
  }
}

async function end(run: ServerRun): Promise<void> {
  run.signal("SIGTERM");
  const late = new AbortController();
  const force = sleep(STOP_MS, undefined, { signal: late.signal }).then(
    () => run.signal("SIGKILL"),
    () => undefined,
  );
  await run.ended;
  late.abort();
  await force;
}

async function obtainProgram(deps: PrivateServerDeps): Promise<ServerProgram> {
  const cacheDir = deps.cacheDir || join(deps.surroundings.cacheHome, "dragoman");
  const found = await findServer({ wanted: deps.server, cacheDir, surroundings: deps.surroundings });
  if (found.program !== undefined) return found.program;
  const old = found.tooOld.length === 0 ? "" : ` (${found.tooOld.join(", ")}: 7.0 or newer is needed)`;
  let why = "";
  if (deps.mayFetch) {
    try {
      const say = (sentence: string): void => deps.log.info({}, sentence);
      const fetched = await fetchServer({ cacheDir, surroundings: deps.surroundings, say });
      if (fetched !== undefined) return fetched;
    } catch (error) {
      deps.log.warn({ reason: error instanceof Error ? error.message : "unknown" }, "Redis could not be fetched");
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

/** Half of what this machine or container may use: the rest is for the gateway and for rewriting the log. */
function memoryShare(): number {
  const allowed = process.constrainedMemory();
  const total = totalmem();
  return Math.floor((allowed > 0 && allowed < total ? allowed : total) / 2);
}
