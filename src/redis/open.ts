import { type Config, readSurroundings } from "../config.ts";
import type { Log } from "../log.ts";
import { type RedisConnections, redisConnections } from "./connect.ts";
import { type PrivateServer, privateServer } from "./private-server.ts";

/** The Redis that the settings name: the given one, or our private one (started when nobody runs it). */
export interface OpenedRedis {
  readonly url: string;
  readonly connections: RedisConnections;
  /** Absent where REDIS_URL is set. */
  readonly server: PrivateServer | undefined;
  /** Closes the connections, then ends the server if it is ours. */
  readonly close: () => Promise<void>;
}

type Settings = Pick<Config, "redisUrl" | "redisServer" | "redisFetch" | "cacheDir" | "dataDir">;

/** Starts what must be started; opens no connection yet. Throws `ConfigError` (exit code 78) when there is no Redis. */
export async function openRedis(config: Settings, log: Log): Promise<OpenedRedis> {
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
