import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Log } from "../model/log.ts";
import type { ServerProgram } from "./find-server.ts";
import type { ServerFolder } from "./socket-path.ts";

/** Another server (starting, running or still writing) holds the data folder. */
export const LOCKED = 75;

/** One run of the private server. */
export interface ServerRun {
  readonly pid: number;
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** What it wrote last, for the log when it fails. */
  readonly lastWords: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
}

/**
 * The guard: takes the folder's lock (the server inherits it, so the kernel keeps a second one away for as long as
 * this one lives), leaves a watcher that reads our pipe, and becomes the server. The pipe closes when we die in any
 * way, SIGKILL included: then the watcher ends the server. A line on the pipe dismisses the watcher.
 */
const GUARD = `
exec 9>"$0" || exit 73
if command -v flock >/dev/null 2>&1; then flock -n 9 || exit ${LOCKED}; fi
server=$$
( exec 9>&-; read -r line <&3 || kill -TERM "$server" ) >/dev/null 2>&1 </dev/null &
exec "$@" 3<&-
`;

/** Starts the program on the folder: unix socket only, every write on disk before its answer, nothing evicted. */
export function startGuarded(
  program: ServerProgram,
  folder: ServerFolder,
  deps: { readonly memory: number; readonly log: Log },
): ServerRun {
  const settings = {
    port: "0",
    unixsocket: folder.socket,
    unixsocketperm: "700",
    dir: folder.dir,
    appendonly: "yes",
    appendfsync: "always",
    save: "",
    maxmemory: String(deps.memory),
    "maxmemory-policy": "noeviction",
    daemonize: "no",
    "always-show-logo": "no",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn("/bin/sh", ["-c", GUARD, `${folder.dir}/lock`, program.file, ...args], {
    // A group of its own: Ctrl-C in a terminal must not take Redis away before the workers have finished.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      ...(program.libraries.length === 0 ? {} : { LD_LIBRARY_PATH: program.libraries.join(":") }),
    },
  });
  const words = listen(child, deps.log);
  return {
    pid: child.pid ?? -1,
    ended: endOf(child),
    lastWords: () => words.slice(-8).join(" | "),
    signal: (name) => {
      child.kill(name);
    },
  };
}

function endOf(child: ChildProcess): Promise<number | string> {
  const pipe = child.stdio[3] as Writable;
  pipe.on("error", () => undefined);
  return new Promise((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", (code, signal) => {
      pipe.end("gone\n");
      done(code ?? signal ?? "unknown");
    });
  });
}

function listen(child: ChildProcess, log: Log): readonly string[] {
  const words: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream as Readable }).on("line", (line) => {
      const text = line.replace(/^\d+:\w+ \d+ \w+ \d+ [\d:.]+ [.*#-] /, "").trim();
      if (text === "") return;
      words.push(text);
      if (words.length > 32) words.shift();
      log.debug({ redis: text }, "Redis says");
    });
  }
  return words;
}
