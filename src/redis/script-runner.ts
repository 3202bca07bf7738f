import { createHash } from "node:crypto";
import type { RedisClient } from "./connect.ts";

type Cell = string | number | Buffer;
export type RunScript = (keys: readonly string[], args: readonly Cell[]) => Promise<unknown>;

/** Lua scripts as functions: EVALSHA, and EVAL once where the server does not know the script yet (restart, failover). */
export function scripts<Name extends string>(
  redis: RedisClient,
  sources: Readonly<Record<Name, string>>,
): Record<Name, RunScript> {
  const entries = Object.entries<string>(sources).map(([name, source]) => {
    const sha = createHash("sha1").update(source).digest("hex");
    const run: RunScript = async (keys, args) => {
      try {
        return await redis.evalsha(sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
        return redis.eval(source, keys.length, ...keys, ...args);
      }
    };
    return [name, run] as const;
  });
  return Object.fromEntries(entries) as Record<Name, RunScript>;
}
