import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { ConfigError } from "../config/settings.ts";

/** Settings of the installed service; the systemd units read the same file. */
export const SERVICE_ENV_FILE = "/etc/dragoman/dragoman.env";

/** Variables that choose an installation. A command that is given one of them does not look for the service's. */
const INSTALLATION_VARIABLES = ["DATA_DIR", "REDIS_URL", "MASTER_KEY_FILE"];

export interface ServiceEnvironmentOptions {
  /** The value of `--env-file`. */
  readonly given: string | undefined;
  /** Read when `given` is absent and the environment names no installation. */
  readonly serviceFile: string;
  /** Environment that the settings are added to; its own values win. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Adds the settings of an environment file and returns its path. Returns undefined when no file applies.
 * A `master.key` beside the file is the key file unless MASTER_KEY_FILE says otherwise: the units hand the keys over in
 * another way, so the file itself cannot name it. Throws `ConfigError` for a file that cannot be read.
 */
export function addServiceEnvironment({ given, serviceFile, env }: ServiceEnvironmentOptions): string | undefined {
  const file = given ?? defaultFile(serviceFile, env);
  if (file === undefined) return undefined;
  for (const [name, value] of Object.entries(parseEnv(contentOf(file)))) env[name] ??= value;
  const key = join(dirname(file), "master.key");
  if (existsSync(key)) env.MASTER_KEY_FILE ??= key;
  return file;
}

function defaultFile(serviceFile: string, env: NodeJS.ProcessEnv): string | undefined {
  if (INSTALLATION_VARIABLES.some((name) => env[name] !== undefined)) return undefined;
  return existsSync(serviceFile) ? serviceFile : undefined;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const remedy = code === "EACCES" ? "; run the command as root or as the service's user" : "";
    throw new ConfigError("--env-file", `${file} can't be read (${code})${remedy}`);
  }
}
