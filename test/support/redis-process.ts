import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";

export interface RedisProcess {
  readonly port: number;
  readonly dir: string;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Waits for the end of the process. */
  readonly ended: Promise<void>;
  readonly client: () => Redis;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a redis-server (or sentinel) on a loopback port with a separate folder. For replication, Sentinel and Cluster.
 */
export async function redisProcess(args: readonly string[] = [], sentinelConfig?: string): Promise<RedisProcess> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-redis-"));
  const port = await freePort();
  const config = join(dir, "redis.conf");
  await writeFile(config, `port ${port}\nbind 127.0.0.1\ndir ${dir}\n${sentinelConfig ?? 'save ""\n'}`);
  const child = spawn("redis-server", [config, ...(sentinelConfig === undefined ? args : ["--sentinel"])], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const clients: Redis[] = [];
  const client = (): Redis => {
    const client = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    client.on("error", () => undefined);
    clients.push(client);
    return client;
  };
  await client().ping();
  return {
    port,
    dir,
    ended,
    client,
    signal: (name) => {
      child.kill(name);
    },
    stop: async () => {
      for (const client of clients) client.disconnect();
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Polls a condition that no event announces. Fails with the last error after the time limit. */
export async function until(is: () => Promise<boolean> | boolean, patienceMs = 20_000): Promise<void> {
  const end = Date.now() + patienceMs;
  let last: unknown = new Error("it never became so");
  while (Date.now() < end) {
    try {
      if (await is()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((next) => setTimeout(next, 20));
  }
  throw last;
}
