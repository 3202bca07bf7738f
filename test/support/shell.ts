import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

export interface Shell {
  /** Output of both streams so far. */
  readonly output: () => string;
  /** Standard output alone. */
  readonly answer: () => string;
  /** Resolves with the output when it matches. Rejects when the program ends or 30 s pass before. */
  readonly until: (fits: (output: string) => boolean, subject?: string) => Promise<string>;
  /** Resolves with the exit code (-1 for a signal). */
  readonly ended: Promise<number>;
  /** Ends the program and its children. */
  readonly stop: () => Promise<void>;
}

export interface ShellSettings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly patienceMs?: number;
}

/** Shell wrapper that ends the process group when the pipe to this test process closes. */
const GUARD = `( read -r line <&3 || kill -s KILL -- -$$ ) >/dev/null 2>&1 </dev/null & exec "$@" 3<&-`;

/**
 * Runs a program in a separate process group without the developer's settings. Gateways are configured to drain at
 * once.
 */
export function shell(command: readonly [string, ...string[]], settings: ShellSettings): Shell {
  const { cwd, env = {}, patienceMs = 30_000 } = settings;
  const child = spawn("/bin/sh", ["-c", GUARD, "guard", ...command], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, LANG: "C.UTF-8", GRACE_SECONDS: "0", ...env },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    detached: true,
  });
  const [, out, err, guard] = child.stdio as unknown as [null, Readable, Readable, Writable];
  guard.on("error", () => undefined);
  child.once("exit", () => guard.end("dismissed\n"));
  let output = "";
  let answer = "";
  out.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  const watchers = new Set<() => void>();
  const notify = () => {
    for (const watcher of watchers) watcher();
  };
  for (const stream of [out, err]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      notify();
    });
  }
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? -1));
  });
  ended.then(notify, notify);
  const over = () => child.exitCode !== null || child.signalCode !== null;
  return {
    output: () => output,
    answer: () => answer,
    ended,
    until: (fits, subject = "the expected output") =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error) => {
          watchers.delete(check);
          clearTimeout(timer);
          if (error) reject(error);
          else resolve(output);
        };
        const missing = (why: string) => new Error(`${why} without ${subject}. It wrote:\n${output}`);
        const check = () => {
          if (fits(output)) settle();
          else if (over()) ended.then(() => (fits(output) ? settle() : settle(missing("It ended"))), settle);
        };
        const timer = setTimeout(() => settle(missing("Time went by")), patienceMs);
        watchers.add(check);
        check();
      }),
    stop: async () => {
      if (!over()) signal(child, "SIGTERM");
      await ended;
    },
  };
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // The group is gone already.
  }
}
