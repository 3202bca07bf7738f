import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Log } from "../model/log.ts";
import type { ServerProgram } from "./find-server.ts";
import type { ServerFolder } from "./socket-path.ts";

/** Exit code: another server (starting, running or still writing) holds the data folder. */
export const EXIT_LOCKED = 75;

/** A run of the private server. */
export interface ServerRun {
  readonly pid: number;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Returns the server's last lines, for the log when it fails. */
  readonly lastOutput: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
}

/**
 * The guard, a shell script that locks the data folder and becomes the server. The server inherits the lock, so the kernel
 * keeps a second server away for as long as the first lives. A watcher stays behind and reads a pipe from the gateway. The
 * pipe closes when the gateway dies in any way, SIGKILL included: then the watcher ends the server. A line on the pipe
 * dismisses the watcher.
 */
const GUARD = `
exec 9>"$0" || exit 73
if command -v flock >/dev/null 2>&1; then flock -n 9 || exit ${EXIT_LOCKED}; fi
server=$$
( exec 9>&-; read -r line <&3 || kill -TERM "$server" ) >/dev/null 2>&1 </dev/null &
exec "$@" 3<&-
`;

/** Starts the server on its folder. It listens on a unix socket only, syncs every write before the answer, and evicts no key. */
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
  const lines = collectOutput(child, deps.log);
  return {
    pid: child.pid ?? -1,
    ended: endOf(child),
    lastOutput: () => lines.slice(-8).join(" | "),
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

function collectOutput(child: ChildProcess, log: Log): readonly string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream as Readable }).on("line", (line) => {
      const text = line.replace(/^\d+:\w+ \d+ \w+ \d+ [\d:.]+ [.*#-] /, "").trim();
      if (text === "") return;
      lines.push(text);
      if (lines.length > 32) lines.shift();
      log.debug({ line: text }, "redis output");
    });
  }
  return lines;
}
