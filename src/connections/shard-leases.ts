import type { Log } from "../model/log.ts";
import { SHARDS } from "../model/shard.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { scripts } from "../redis/script-runner.ts";

export interface LeasesDeps {
  readonly redis: RedisClient;
  /** This worker's name, never used twice. */
  readonly holder: string;
  /** The shard is ours; whatever is written about its accounts carries `fence`, which grows with each owner. */
  readonly gained: (shard: number, fence: number) => void;
  /**
   * The shard is to be left: when it is handed over others wait until this resolves, unless `lost` aborts (it may be so
   * already): then at once, for somebody else may have it.
   */
  readonly leave: (shard: number, lost: AbortSignal) => Promise<void>;
  readonly log: Log;
  readonly leaseMs?: number;
  readonly everyMs?: number;
}

export interface Leases {
  /** Hands every shard back. */
  readonly stop: () => Promise<void>;
}

/**
 * KEYS: holders leases fences; ARGV: me leaseMs shards taking. Says that I live, keeps what I have, takes what is free up
 * to my fair share unless I am about to end. Answers `{share, shard, fence, …}`. A lease that ran out while Redis was away
 * is still mine if nobody took it.
 */
const TEND_LUA = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local me, lease, shards = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if ARGV[4] == '1' then redis.call('ZADD', KEYS[1], now, me) else redis.call('ZREM', KEYS[1], me) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - lease)
local share = math.ceil(shards / math.max(1, redis.call('ZCARD', KEYS[1])))
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
  if ARGV[4] ~= '1' or (#answer - 1) / 2 >= share then break end
  local fence = redis.call('INCR', KEYS[3])
  redis.call('HSET', KEYS[2], shard, me .. ' ' .. fence .. ' ' .. (now + lease))
  answer[#answer + 1] = shard
  answer[#answer + 1] = fence
end
return answer
`;

/** KEYS: leases; ARGV: me shard…. */
const RELEASE_LUA = `
for at = 2, #ARGV do
  local owner = string.match(redis.call('HGET', KEYS[1], ARGV[at]) or '', '^(%S+)')
  if owner == ARGV[1] then redis.call('HDEL', KEYS[1], ARGV[at]) end
end
`;

const EVERY_SHARD = Array.from({ length: SHARDS }, (_, shard) => shard);

/** A shard that is being left; `done` resolves when it is. */
interface Leaving {
  readonly fence: number;
  readonly lost: AbortController;
  readonly done: Promise<void>;
}

/**
 * Shares the shards among the workers that live: a dead one loses its shards after `leaseMs`, a new one is given its
 * share by those that have more. A worker that can't reach Redis leaves its shards before others may take them.
 */
export function leases({ redis, holder, gained, leave, log, leaseMs = 6_000, everyMs = 1_000 }: LeasesDeps): Leases {
  const run = scripts(redis, { TEND_LUA, RELEASE_LUA });
  const names = [keys.holders, keys.leases, keys.leaseFences];
  const mine = new Map<number, number>();
  const leaving = new Map<number, Leaving>();
  /** Somewhat before the others may take them: connections need a moment to be closed. */
  const sureMs = leaseMs * 0.8;
  let validUntil = 0;
  let stopping = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  /** Others may have it once `after` is done as well. */
  function drop(shard: number, atOnce: boolean, after?: () => Promise<unknown>): Promise<void> {
    const lost = new AbortController();
    if (atOnce) lost.abort();
    const fence = mine.get(shard) as number;
    mine.delete(shard);
    const done = leave(shard, lost.signal)
      .catch((error: unknown) => log.error({ error: String(error), shard }, "leaving a shard failed"))
      .then(after)
      .catch((error: unknown) => log.warn({ error: String(error), shard }, "its lease runs out by itself"))
      .then(() => void leaving.delete(shard));
    leaving.set(shard, { fence, lost, done });
    return done;
  }

  function handOver(shards: readonly number[]): Promise<unknown> {
    if (shards.length > 0) log.info({ shards: shards.length }, "held connections: shards are handed over");
    return Promise.all(
      shards.map((shard) => drop(shard, false, () => run.RELEASE_LUA([keys.leases], [holder, shard]))),
    );
  }

  function leaveLost(owned: ReadonlyMap<number, number>): void {
    const gone = [...mine].filter(([shard, fence]) => owned.get(shard) !== fence);
    if (gone.length > 0) log.warn({ shards: gone.length }, "held connections: shards are somebody else's by now");
    for (const [shard] of gone) void drop(shard, true);
    for (const [shard, { fence, lost }] of leaving) if (owned.get(shard) !== fence) lost.abort();
  }
  function beginNew(owned: ReadonlyMap<number, number>): void {
    const fresh = [...owned].filter(([shard]) => !mine.has(shard) && !leaving.has(shard));
    if (fresh.length > 0)
      log.info({ shards: fresh.length, before: mine.size }, "held connections: more shards are ours");
    for (const [shard, fence] of fresh) {
      mine.set(shard, fence);
      gained(shard, fence);
    }
  }

  async function tend(): Promise<void> {
    const asked = performance.now();
    const answer = await run.TEND_LUA(names, [holder, leaseMs, SHARDS, stopping ? 0 : 1]);
    const [share = 0, ...pairs] = answer as number[];
    validUntil = asked + sureMs;
    const owned = new Map<number, number>();
    for (let at = 0; at < pairs.length; at += 2) owned.set(pairs[at] as number, pairs[at + 1] as number);
    leaveLost(owned);
    // An answer that took so long tells of the past: whether they are still ours the next one says.
    if (stopping || performance.now() >= validUntil) return;
    beginNew(owned);
    void handOver([...mine.keys()].slice(share));
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
  const watchdog = setInterval(
    () => {
      if (performance.now() < validUntil) return;
      if (mine.size > 0) log.warn({ shards: mine.size }, "leases ran out: connections are closed until Redis answers");
      for (const shard of [...mine.keys()]) void drop(shard, true);
      for (const { lost } of leaving.values()) lost.abort();
    },
    Math.min(250, leaseMs / 10),
  );

  return {
    async stop() {
      // What is being left stays ours, and is renewed, until it is left.
      stopping = true;
      await handOver([...mine.keys()]);
      await Promise.all([...leaving.values()].map(({ done }) => done));
      stopped = true;
      clearTimeout(timer);
      clearInterval(watchdog);
      await running;
      // Also what was given while we said that we end.
      await run.RELEASE_LUA([keys.leases], [holder, ...EVERY_SHARD]);
      await redis.zrem(keys.holders, holder);
    },
  };
}
