import { SHARDS } from "../model/shard.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { scripts } from "../redis/script-runner.ts";

/**
 * KEYS: workers leases fences; ARGV: worker leaseMs shards mayTake. Notes that the worker lives, renews its leases and
 * takes free shards up to a fair share, unless the worker is about to end. Returns `{share, shard, fence, …}`. A lease
 * that ran out while Redis was away still belongs to its worker if nobody took it.
 */
const RENEW_LUA = `
local worker, leaseMs, shards, mayTake = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local workers, leases, fences = KEYS[1], KEYS[2], KEYS[3]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if mayTake then redis.call('ZADD', workers, now, worker) else redis.call('ZREM', workers, worker) end
redis.call('ZREMRANGEBYSCORE', workers, '-inf', now - leaseMs)
local share = math.ceil(shards / math.max(1, redis.call('ZCARD', workers)))
local answer, free = { share }, {}
for shard = 0, shards - 1 do
  local owner, fence, ends = string.match(redis.call('HGET', leases, shard) or '', '^(%S+) (%S+) (%S+)$')
  if owner == worker then
    redis.call('HSET', leases, shard, worker .. ' ' .. fence .. ' ' .. (now + leaseMs))
    answer[#answer + 1] = shard
    answer[#answer + 1] = tonumber(fence)
  elseif not owner or tonumber(ends) <= now then
    free[#free + 1] = shard
  end
end
for _, shard in ipairs(free) do
  if not mayTake or (#answer - 1) / 2 >= share then break end
  local fence = redis.call('INCR', fences)
  redis.call('HSET', leases, shard, worker .. ' ' .. fence .. ' ' .. (now + leaseMs))
  answer[#answer + 1] = shard
  answer[#answer + 1] = fence
end
return answer
`;

/** KEYS: leases; ARGV: worker shard…. Gives up the leases that are still the worker's. */
const RELEASE_LUA = `
for at = 2, #ARGV do
  local owner = string.match(redis.call('HGET', KEYS[1], ARGV[at]) or '', '^(%S+)')
  if owner == ARGV[1] then redis.call('HDEL', KEYS[1], ARGV[at]) end
end
`;

/** Leases of a worker as Redis has them after a renewal. */
export interface RenewedLeases {
  /** How many shards the worker may keep. */
  readonly share: number;
  /** Fences of the worker's shards. */
  readonly owned: ReadonlyMap<number, number>;
}

/** Store of the shard leases for one worker; each function is one script. */
export interface LeaseStore {
  /** Renews, and takes free shards if `mayTake`. */
  readonly renew: (mayTake: boolean) => Promise<RenewedLeases>;
  readonly release: (shards: readonly number[]) => Promise<void>;
  /** Takes the worker off the list of those that share the shards. */
  readonly leave: () => Promise<void>;
}

/** Creates the store of a worker; `worker` is a name that is never used twice. */
export function leaseStore(redis: RedisClient, worker: string, leaseMs: number): LeaseStore {
  const run = scripts(redis, { RENEW_LUA, RELEASE_LUA });
  return {
    async renew(mayTake) {
      const names = [keys.holders, keys.leases, keys.leaseFences];
      const answer = await run.RENEW_LUA(names, [worker, leaseMs, SHARDS, mayTake ? 1 : 0]);
      const [share = 0, ...pairs] = answer as number[];
      const owned = new Map<number, number>();
      for (let at = 0; at < pairs.length; at += 2) owned.set(pairs[at] as number, pairs[at + 1] as number);
      return { share, owned };
    },
    async release(shards) {
      await run.RELEASE_LUA([keys.leases], [worker, ...shards]);
    },
    async leave() {
      await redis.zrem(keys.holders, worker);
    },
  };
}
