import { setTimeout as after } from "node:timers/promises";
import { ulid } from "ulid";
import type { RedisClient } from "./connect.ts";
import { luaScript } from "./script-loader.ts";
import { scriptRunner } from "./script-runner.ts";

/** Lifetime of a lock: longer than a token server may take (30 s). A holder that needs longer has died or is too late. */
const LOCK_MS = 45_000;
const RETRY_MS = 50;

const UNLOCK = luaScript(new URL("./scripts/unlock.lua", import.meta.url), { keys: ["lock"], args: ["holder"] });

/** Runs work under a named lock that no other process holds meanwhile. Waits for the lock. */
export async function withLock<T>(redis: RedisClient, name: string, work: () => Promise<T>): Promise<T> {
  const run = scriptRunner(redis, { unlock: UNLOCK });
  const holder = ulid();
  while ((await redis.set(name, holder, "PX", LOCK_MS, "NX")) === null) await after(RETRY_MS);
  try {
    return await work();
  } finally {
    // A lock that can't be released now runs out by itself.
    await run.unlock({ keys: { lock: name }, args: { holder } }).catch(() => undefined);
  }
}
