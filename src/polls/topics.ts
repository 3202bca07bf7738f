import { createHash } from "node:crypto";
import { keys } from "../keys.ts";
import { scripts } from "../outbox/script-runner.ts";
import type { RedisClient } from "../redis/connect.ts";
import { spread } from "../spread.ts";

/** Who follows a topic. */
export interface Follower {
  readonly app: string;
  readonly platform: string;
  readonly actor: string;
}

/** A topic that is due, taken by one worker for a while. */
export interface DueTopic {
  readonly id: string;
  readonly platform: string;
  readonly topic: string;
  readonly state: string | undefined;
  /** Polls that failed in a row. */
  readonly fails: number;
  /** Of this taking: another worker that takes it later has another. */
  readonly claim: string;
}

/** What is polled, for whom and when: one poll per topic however many follow it. */
export interface Topics {
  /** A topic that nobody followed before is due at once; one that nobody follows any more is forgotten. */
  readonly follow: (follower: Follower, topic: string, wanted: boolean) => Promise<void>;
  readonly followed: (follower: Follower) => Promise<readonly string[]>;
  readonly followers: (id: string) => Promise<ReadonlyArray<Pick<Follower, "app" | "actor">>>;
  /** Takes up to `most` due topics of a part; whoever does not finish one in `leaseMs` loses it to the next. */
  readonly take: (part: number, most: number, leaseMs: number) => Promise<readonly DueTopic[]>;
  /** Stores what a poll left behind; without effect when another worker has taken the topic since. */
  readonly finish: (
    due: DueTopic,
    end: { readonly state?: string; readonly fails: number; readonly nextMs: number },
  ) => Promise<void>;
  /** Makes a topic due now: something said that it changed. */
  readonly hasten: (id: string) => Promise<void>;
  /** The topic is no more: nobody follows it. */
  readonly drop: (due: DueTopic) => Promise<void>;
}

/** Topics are kept in so many parts. */
export const PARTS = 16;

/** The id of a platform's topic. */
export function topicId(platform: string, topic: string): string {
  return createHash("sha256").update(`${platform}\n${topic}`).digest("base64url").slice(0, 22);
}

/** KEYS: due topic followers; ARGV: id member platform topic */
const FOLLOW_LUA = `
redis.call('SADD', KEYS[3], ARGV[2])
redis.call('HSET', KEYS[2], 'platform', ARGV[3], 'topic', ARGV[4])
local t = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'NX', t[1] * 1000, ARGV[1])
`;
/** KEYS: due topic followers; ARGV: id member */
const LEAVE_LUA = `
redis.call('SREM', KEYS[3], ARGV[2])
if redis.call('EXISTS', KEYS[3]) == 0 then
  redis.call('DEL', KEYS[2])
  redis.call('ZREM', KEYS[1], ARGV[1])
end
`;
/** KEYS: due; ARGV: prefix of topics, most, lease. Answers id platform topic state fails claim, each. */
const TAKE_LUA = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local taken = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local key = ARGV[1] .. id
  local r = redis.call('HMGET', key, 'platform', 'topic', 'state', 'fails')
  if r[1] then
    redis.call('ZADD', KEYS[1], now + ARGV[3], id)
    for _, word in ipairs({ id, r[1], r[2], r[3] or '', r[4] or '0', tostring(redis.call('HINCRBY', key, 'claim', 1)) }) do
      taken[#taken + 1] = word
    end
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return taken
`;
/** KEYS: due topic; ARGV: id claim nextMs fails [state] */
const FINISH_LUA = `
if redis.call('HGET', KEYS[2], 'claim') ~= ARGV[2] then return end
local t = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', t[1] * 1000 + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], 'fails', ARGV[4])
if ARGV[5] then redis.call('HSET', KEYS[2], 'state', ARGV[5]) end
`;

/** Topics in Redis; see `Topics`. */
export function redisTopics({ redis }: { readonly redis: RedisClient }): Topics {
  const run = scripts(redis, { FOLLOW_LUA, LEAVE_LUA, TAKE_LUA, FINISH_LUA });
  const partOf = (id: string): number => spread(id, PARTS);
  const placesOf = (id: string): string[] => {
    const part = partOf(id);
    return [keys.pollsDue(part), keys.topic(part, id), keys.followers(part, id)];
  };

  return {
    async follow({ app, platform, actor }, topic, wanted) {
      const id = topicId(platform, topic);
      const mine = keys.topics(app, platform, actor);
      const member = `${app}|${actor}`;
      // The list of the app's own comes first and goes last: what is polled is always in it.
      if (wanted) {
        await redis.sadd(mine, topic);
        await run.FOLLOW_LUA(placesOf(id), [id, member, platform, topic]);
      } else {
        await run.LEAVE_LUA(placesOf(id), [id, member]);
        await redis.srem(mine, topic);
      }
    },

    followed: async ({ app, platform, actor }) => (await redis.smembers(keys.topics(app, platform, actor))).sort(),

    async followers(id) {
      const members = await redis.smembers(keys.followers(partOf(id), id));
      return members.map((member) => {
        const cut = member.indexOf("|");
        return { app: member.slice(0, cut), actor: member.slice(cut + 1) };
      });
    },

    async take(part, most, leaseMs) {
      const cells = (await run.TAKE_LUA([keys.pollsDue(part)], [keys.topic(part, ""), most, leaseMs])) as string[];
      const due: DueTopic[] = [];
      for (let at = 0; at < cells.length; at += 6) {
        const [id = "", platform = "", topic = "", state = "", fails = "0", claim = ""] = cells.slice(at, at + 6);
        due.push({ id, platform, topic, state: state === "" ? undefined : state, fails: Number(fails), claim });
      }
      return due;
    },

    async finish({ id, claim }, { state, fails, nextMs }) {
      const [due = "", topic = ""] = placesOf(id);
      await run.FINISH_LUA(
        [due, topic],
        [id, claim, Math.ceil(nextMs), fails, ...(state === undefined ? [] : [state])],
      );
    },

    async hasten(id) {
      await redis.zadd(keys.pollsDue(partOf(id)), "XX", "LT", Date.now(), id);
    },

    async drop({ id }) {
      const [due = "", ...rest] = placesOf(id);
      await redis.zrem(due, id);
      await redis.del(...rest);
    },
  };
}
