import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { guardedSpawn } from "./guarded-spawn.ts";

export interface TestRedis {
  /** `unix:` URL in the form of REDIS_URL. */
  readonly url: string;
  readonly socket: string;
  readonly dir: string;
  readonly pid: () => number;
  /** A new connection; closed by `stop`. */
  readonly connect: (options?: object) => Redis;
  /** SIGKILL and start again on the same data. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts a Redis for one test file: separate folder, unix socket, AOF always. Ended by `stop`. */
export async function testRedis(extra: readonly string[] = []): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-redis-"));
  const socket = join(dir, "redis.sock");
  const clients: Redis[] = [];
  let child = await launch();

  async function launch() {
    const args = [
      "--port",
      "0",
      "--unixsocket",
      socket,
      "--dir",
      dir,
      "--appendonly",
      "yes",
      "--appendfsync",
      "always",
      "--save",
      "",
      ...extra,
    ];
    const proc = guardedSpawn(["redis-server", ...args], { output: "ignore" });
    const probe = new Redis(socket, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    probe.on("error", () => undefined);
    await probe.ping();
    probe.disconnect();
    return proc;
  }
  const gone = (proc: typeof child) =>
    proc.exitCode !== null || proc.signalCode !== null
      ? Promise.resolve()
      : new Promise<void>((done) => proc.once("exit", () => done()));

  return {
    url: `unix:${socket}`,
    socket,
    dir,
    pid: () => child.pid as number,
    connect: (options = {}) => {
      const client = new Redis(socket, { maxRetriesPerRequest: null, retryStrategy: () => 50, ...options });
      client.on("error", () => undefined);
      clients.push(client);
      return client;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await gone(child);
    },
    start: async () => {
      child = await launch();
    },
    stop: async () => {
      for (const client of clients) client.disconnect();
      child.kill("SIGTERM");
      await gone(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
