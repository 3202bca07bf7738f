import { spawn } from "node:child_process";
import { builtEntry } from "./gateway-process.ts";

export interface CommandAnswer {
  readonly code: number | null;
  readonly out: string;
  readonly stderr: string;
}

/** Makes a runner of the built command line. Its environment has these settings only. */
export function commandLine(settings: Readonly<Record<string, string>>) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...settings };
  return (args: readonly string[], stdin = ""): Promise<CommandAnswer> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [builtEntry(), ...args], { env, stdio: "pipe" });
      let [out, stderr] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, out, stderr }));
      child.stdin.end(stdin);
    });
}
