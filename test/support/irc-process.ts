import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { listening } from "./free-port.ts";
import { guardedSpawn } from "./guarded-spawn.ts";

/** IRC server that a test can kill and start again on the same port. */
export interface IrcServer {
  readonly port: number;
  /** SIGKILL, as a crash does. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Runs a server that stays in the foreground. */
export function ircProcess(command: readonly [string, ...string[]], port: number): IrcServer {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, "exit");
    running.kill("SIGKILL");
    await gone;
  };
  return {
    port,
    kill,
    stop: kill,
    start: async () => {
      // As many connections as the machine allows: the usual 1,024 files are soon used up.
      child = guardedSpawn(["/bin/sh", "-c", 'ulimit -n "$(ulimit -Hn)"; exec "$@"', "sh", ...command], {
        env,
        output: "ignore",
      });
      await listening(port);
    },
  };
}
