import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { type Shell, shell } from "./shell.ts";

/** Gateway started as a person starts it, described by its output. */
export interface StartedGateway {
  /** With the base path. */
  readonly base: string;
  /** Link to the try page. */
  readonly page: string;
  /** Commands of the start banner: the first listens, the second sends. */
  readonly watch: string;
  readonly send: string;
  readonly output: () => string;
  /** From the command to the printed address. */
  readonly milliseconds: number;
  readonly stop: () => Promise<void>;
}

/** Runs `npm start` in a checkout with a separate home folder. Only npm's settings are inherited. */
export async function npmStart(dir: string, settings: Readonly<Record<string, string>> = {}): Promise<StartedGateway> {
  const env = { HOME: join(dir, ".home"), PORT: String(await freePort()), ...npmSettings(), ...settings };
  const began = performance.now();
  const running: Shell = shell(["npm", "start"], { cwd: dir, env, patienceMs: 240_000 });
  const printed = await running.until((text) => /curl -w .*\n/.test(text), "commands to try");
  const milliseconds = Math.round(performance.now() - began);
  const line = (pattern: RegExp) => pattern.exec(printed)?.[1] ?? `nothing printed fits ${pattern}`;
  return {
    base: line(/^Dragoman listens on (\S+)$/m),
    page: line(/^ {2}(http\S+\/try\S*)$/m),
    watch: line(/^ {2}(curl -N .*)$/m),
    send: line(/^ {2}(curl -w .*)$/m),
    output: running.output,
    milliseconds,
    stop: running.stop,
  };
}

/** Commands of processes that still run and name this folder. */
export function processesNaming(dir: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandOf(pid))
    .filter((command) => command.includes(dir));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** Settings of npm's registry and cache, so that a test need not download packages again. */
function npmSettings(): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_(registry|cafile|cache|userconfig)|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/i.test(name),
  );
  return {
    npm_config_userconfig: join(homedir(), ".npmrc"),
    npm_config_cache: join(homedir(), ".npm"),
    npm_config_prefer_offline: "true",
    ...Object.fromEntries(inherited),
  };
}
