import { execFileSync } from "node:child_process";

/** Runs a program and returns its output. Throws with the end of its messages where it fails. */
export function run(program, args, options = {}) {
  try {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], ...options });
  } catch (error) {
    const hint =
      error.code === "ENOENT" ? " is not installed; ops/install-test-servers.sh brings what releases need" : "";
    const messages = String(error.stderr ?? "")
      .trim()
      .split("\n")
      .slice(-8)
      .join("\n");
    throw new Error(`${program}${hint || ` ${args.join(" ")} failed`}\n${messages}`);
  }
}
