import { setTimeout as after } from "node:timers/promises";
import { ulid } from "ulid";
import type { RedisClient } from "./connect.ts";

/** Longer than a token server may take (30 s); who holds it longer has died or is too late anyway. */
const HELD_MS = 45_000;
const LOOK_MS = 50;

/** KEYS: lock; ARGV: holder. Lets go of what is still ours. */
const LEAVE_LUA = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/** Runs work while nobody else in any process does under that name; waits for its turn. */
export async function withLock<T>(redis: RedisClient, name: string, work: () => Promise<T>): Promise<T> {
  const holder = ulid();
  while ((await redis.set(name, holder, "PX", HELD_MS, "NX")) === null) await after(LOOK_MS);
  try {
    return await work();
  } finally {
    await redis.eval(LEAVE_LUA, 1, name, holder).catch(() => undefined);
  }
}
