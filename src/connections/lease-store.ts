import { SHARDS } from "../model/shard.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";

const RENEW = luaScript(new URL("./scripts/renew-leases.lua", import.meta.url), {
  keys: ["workers", "leases", "fences"],
  args: ["worker", "leaseMs", "shards", "mayTake"],
  reply: (raw) => raw as number[],
});
const RELEASE = luaScript(new URL("./scripts/release-leases.lua", import.meta.url), {
  keys: ["leases"],
  args: ["worker", "shards..."],
});

/** Leases of a worker as Redis has them after a renewal. */
export interface RenewedLeases {
  /** Number of shards that the worker may keep. */
  readonly share: number;
  /** Fences of the worker's shards. */
  readonly owned: ReadonlyMap<number, number>;
}

/** Store of the shard leases for a worker; each function is a single script. */
export interface LeaseStore {
  /** Renews, and takes free shards if `mayTake`. */
  readonly renew: (mayTake: boolean) => Promise<RenewedLeases>;
  readonly release: (shards: readonly number[]) => Promise<void>;
  /** Removes the worker from the list of workers that share the shards. */
  readonly leave: () => Promise<void>;
}

/** Creates the store of a worker; `worker` is a name that is never used twice. */
export function leaseStore(redis: RedisClient, worker: string, leaseMs: number): LeaseStore {
  const run = scriptRunner(redis, { renew: RENEW, release: RELEASE });
  const { shardOwners: workers, shardLeases: leases, shardFences: fences } = keys;
  return {
    async renew(mayTake) {
      const args = { worker, leaseMs, shards: SHARDS, mayTake };
      const [share = 0, ...pairs] = await run.renew({ keys: { workers, leases, fences }, args });
      const owned = new Map<number, number>();
      for (let at = 0; at < pairs.length; at += 2) owned.set(pairs[at] as number, pairs[at + 1] as number);
      return { share, owned };
    },
    async release(shards) {
      await run.release({ keys: { leases }, args: { worker, shards } });
    },
    async leave() {
      await redis.zrem(workers, worker);
    },
  };
}
