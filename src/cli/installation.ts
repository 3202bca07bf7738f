import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Config, ConfigError } from "../config/settings.ts";

type Settings = Pick<Config, "dataDir" | "masterKeyFile" | "redisUrl">;

/** Path of the master key file: MASTER_KEY_FILE, else in the data folder. */
export function keyFileOf({ masterKeyFile, dataDir }: Pick<Config, "masterKeyFile" | "dataDir">): string {
  return masterKeyFile || join(dataDir, "master.key");
}

/** Returns true where `serve` has run with these settings. The key file exists then and, without REDIS_URL, the private Redis. */
export function isInstalled(config: Settings): boolean {
  return existsSync(keyFileOf(config)) && (config.redisUrl !== "" || existsSync(join(config.dataDir, "redis")));
}

/**
 * Throws `ConfigError` where no gateway has been started with these settings.
 * Only `serve` and `key create` make data; a command without the service's settings would work on an empty store.
 */
export function requireInstallation(config: Settings): void {
  if (isInstalled(config)) return;
  const missing = existsSync(keyFileOf(config))
    ? `${config.dataDir} holds no data`
    : `there is no ${keyFileOf(config)}`;
  throw new ConfigError(
    "DATA_DIR",
    `no gateway has run with these settings (${missing}). Start it once with \`dragoman serve\`, ` +
      "or name the settings of the one that runs: --env-file FILE",
  );
}
