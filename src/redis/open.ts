import { access, constants, mkdir } from "node:fs/promises";
import { type Config, ConfigError } from "../config/settings.ts";
import { readSurroundings } from "../config/surroundings.ts";
import type { Log } from "../model/log.ts";
import { type RedisConnections, redisConnections } from "./connect.ts";
import { type PrivateServer, privateServer } from "./private-server.ts";

/** The Redis that the settings name. Without REDIS_URL that is the private server, started when no gateway runs it yet. */
export interface OpenedRedis {
  readonly url: string;
  readonly connections: RedisConnections;
  /** Absent where REDIS_URL is set. */
  readonly server: PrivateServer | undefined;
  /** Closes the connections, then ends a server that this process owns. */
  readonly close: () => Promise<void>;
}

type Settings = Pick<Config, "redisUrl" | "redisServer" | "redisFetch" | "cacheDir" | "dataDir">;

/** Starts a private server where one is needed; opens no connection yet. Throws `ConfigError` (exit code 78) when there is no Redis. */
export async function openRedis(config: Settings, log: Log): Promise<OpenedRedis> {
  await usableFolder(config.dataDir);
  const server =
    config.redisUrl === ""
      ? await privateServer({
          dataDir: config.dataDir,
          server: config.redisServer,
          mayFetch: config.redisFetch,
          cacheDir: config.cacheDir,
          surroundings: readSurroundings(),
          log,
        })
      : undefined;
  const url = server?.url ?? config.redisUrl;
  const connections = redisConnections(url, { log });
  return {
    url,
    connections,
    server,
    close: async () => {
      await connections.close();
      await server?.stop();
    },
  };
}

/** Checks at start that the data folder can be written. The folder holds keys whatever Redis is used. */
async function usableFolder(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.W_OK);
  } catch {
    throw new ConfigError("DATA_DIR", `takes a folder that this user may write to; ${dataDir} is none`);
  }
}
