import { keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { scripts } from "../outbox/script-runner.ts";
import type { RedisClient } from "../redis/connect.ts";
import { SHARDS } from "./shards.ts";

export interface LeasesDeps {
  readonly redis: RedisClient;
  /** This worker's name, never used twice. */
  readonly holder: string;
  /** The shard is ours; whatever is written about its accounts carries `fence`, which grows with each owner. */
  readonly gained: (shard: number, fence: number) => void;
  /** The shard is to be left: at once when it is `lost`, else others wait until this resolves. */
  readonly leave: (shard: number, why: "lost" | "handed-over") => Promise<void>;
  readonly log: Log;
  readonly leaseMs?: number;
  readonly everyMs?: number;
}

export interface Leases {
  /** Hands every shard back. */
  readonly stop: () => Promise<void>;
}

/**
 * KEYS: holders leases fences; ARGV: me leaseMs shards. Says that I live, keeps what I have, takes what is free up to my
 * fair share. Answers `{share, shard, fence, …}`. A lease that ran out while Redis was away is still mine if nobody took it.
 */
const TEND_LUA = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local me, lease, shards = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZADD', KEYS[1], now, me)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - lease)
local share = math.ceil(shards / redis.call('ZCARD', KEYS[1]))
local answer, free = { share }, {}
for shard = 0, shards - 1 do
  local owner, fence, ends = string.match(redis.call('HGET', KEYS[2], shard) or '', '^(%S+) (%S+) (%S+)$')
  if owner == me then
    redis.call('HSET', KEYS[2], shard, me .. ' ' .. fence .. ' ' .. (now + lease))
    answer[#answer + 1] = shard
    answer[#answer + 1] = tonumber(fence)
  elseif not owner or tonumber(ends) <= now then
    free[#free + 1] = shard
  end
end
for _, shard in ipairs(free) do
  if (#answer - 1) / 2 >= share then break end
  local fence = redis.call('INCR', KEYS[3])
  redis.call('HSET', KEYS[2], shard, me .. ' ' .. fence .. ' ' .. (now + lease))
  answer[#answer + 1] = shard
  answer[#answer + 1] = fence
end
return answer
`;

/** KEYS: leases; ARGV: me shard. */
const RELEASE_LUA = `
if string.match(redis.call('HGET', KEYS[1], ARGV[2]) or '', '^(%S+)') == ARGV[1] then redis.call('HDEL', KEYS[1], ARGV[2]) end
`;

/**
 * Shares the shards among the workers that live: a dead one loses its shards after `leaseMs`, a new one is given its
 * share by those that have more. A worker that can't reach Redis leaves its shards before others may take them.
 */
export function leases({ redis, holder, gained, leave, log, leaseMs = 5_000, everyMs = 1_000 }: LeasesDeps): Leases {
  const run = scripts(redis, { TEND_LUA, RELEASE_LUA });
  const mine = new Map<number, number>();
  const leaving = new Map<number, Promise<void>>();
  let validUntil = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  function drop(shard: number, why: "lost" | "handed-over"): Promise<void> {
    mine.delete(shard);
    const left = leave(shard, why)
      .catch((error: unknown) => log.error({ error: String(error), shard }, "leaving a shard failed"))
      .finally(() => leaving.delete(shard));
    leaving.set(shard, left);
    return left;
  }

  async function release(shard: number): Promise<void> {
    await drop(shard, "handed-over");
    await run.RELEASE_LUA([keys.leases], [holder, shard]);
  }

  async function tend(): Promise<void> {
    const asked = performance.now();
    const names = [keys.holders, keys.leases, keys.leaseFences];
    const [share = 0, ...pairs] = (await run.TEND_LUA(names, [holder, leaseMs, SHARDS])) as number[];
    validUntil = asked + leaseMs;
    const owned = new Map<number, number>();
    for (let at = 0; at < pairs.length; at += 2) owned.set(pairs[at] as number, pairs[at + 1] as number);
    for (const [shard, fence] of mine) if (owned.get(shard) !== fence) void drop(shard, "lost");
    for (const [shard, fence] of owned) {
      if (mine.has(shard) || leaving.has(shard) || stopped) continue;
      mine.set(shard, fence);
      gained(shard, fence);
    }
    for (const shard of [...mine.keys()].slice(share)) {
      void release(shard).catch((error: unknown) =>
        log.warn({ error: String(error), shard }, "its lease runs out by itself"),
      );
    }
  }

  function next(): void {
    if (stopped) return;
    timer = setTimeout(round, everyMs);
  }
  function round(): void {
    running = tend()
      .catch((error: unknown) => log.warn({ error: String(error) }, "leases could not be kept; tried again soon"))
      .then(next);
  }
  round();
  // Redis may be away for longer than the lease: then somebody else may have it.
  const watchdog = setInterval(() => {
    if (mine.size === 0 || performance.now() < validUntil) return;
    log.warn({ shards: mine.size }, "leases ran out: connections are closed until Redis answers");
    for (const shard of [...mine.keys()]) void drop(shard, "lost");
  }, 250);

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
      await Promise.all([...mine.keys()].map(release));
      await Promise.all(leaving.values());
      clearInterval(watchdog);
      await redis.zrem(keys.holders, holder);
    },
  };
}
