import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";

/** Shell wrapper that ends the program when the pipe to this test process closes. */
const GUARD = `( read -r line <&3 || kill -KILL $$ ) >/dev/null 2>&1 </dev/null & exec "$@" 3<&-`;

/** Starts a program that cannot outlive the test process, even when that is killed. The pid is the program's own. */
export function guardedSpawn(
  command: readonly [string, ...string[]],
  settings: { readonly env?: NodeJS.ProcessEnv; readonly output: "pipe" | "ignore" },
): ChildProcess {
  const { env, output } = settings;
  const child = spawn("/bin/sh", ["-c", GUARD, "guard", ...command], {
    ...(env === undefined ? {} : { env }),
    stdio: ["ignore", output, output, "pipe"],
  });
  const guard = child.stdio[3] as Writable;
  guard.on("error", () => undefined);
  child.once("exit", () => guard.end("dismissed\n"));
  return child;
}
