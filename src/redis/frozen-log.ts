import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";

const REWRITE_WAIT_MS = 120_000;
const REWRITE_CHECK_MS = 100;
const REWRITE_PERCENTAGE = "auto-aof-rewrite-percentage";

/**
 * Calls `copy` with the server's append-only files while none is replaced. The server goes on: a copy
 * of its files ends at some write, and holds all before it.
 */
export async function withFrozenLog<Result>(
  redis: Redis,
  copy: (files: ReadonlyMap<string, string>) => Promise<Result>,
): Promise<Result> {
  const [, dir = ""] = (await redis.config("GET", "dir")) as string[];
  const [, folder = ""] = (await redis.config("GET", "appenddirname")) as string[];
  const [, percentage = "100"] = (await redis.config("GET", REWRITE_PERCENTAGE)) as string[];
  await redis.config("SET", REWRITE_PERCENTAGE, "0");
  try {
    await rewriteEnded(redis);
    const names = await readdir(join(dir, folder));
    // The list of files comes first: what it names must be in the copy.
    const ordered = [...names].sort((a, b) => Number(b.endsWith(".manifest")) - Number(a.endsWith(".manifest")));
    return await copy(new Map(ordered.map((name) => [join(folder, name), join(dir, folder, name)])));
  } finally {
    await redis.config("SET", REWRITE_PERCENTAGE, percentage);
  }
}

async function rewriteEnded(redis: Redis): Promise<void> {
  for (const end = Date.now() + REWRITE_WAIT_MS; ; await delay(REWRITE_CHECK_MS)) {
    const info = await redis.info("persistence");
    if (!/aof_rewrite_(in_progress|scheduled):1/.test(info)) return;
    if (Date.now() >= end) throw new Error("Redis has been rewriting its append-only file for two minutes");
  }
}
