import type { Activity } from "../model/activity.ts";
import type { ResultEvent } from "../model/event.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { scripts } from "../redis/script-runner.ts";

/** An activity that ended undelivered after it was tried. */
export interface DeadLetter {
  readonly activity: Activity;
  readonly result: ResultEvent;
  /** Unix ms. */
  readonly deadLetteredAt: number;
  /** The confirm of its replay, as JSON. */
  readonly replay?: string;
}

/** The dead letters of each app; another app's are not found. They come in when a result is written, see dead.ts. */
export interface DeadLetters {
  /** Up to `limit`, the newest first, older than `before` (`<ms>.<rid>`). */
  readonly list: (
    app: string,
    page: { readonly limit: number; readonly before?: string },
  ) => Promise<{ readonly letters: readonly DeadLetter[]; readonly next?: string }>;
  readonly find: (app: string, rid: string) => Promise<DeadLetter | undefined>;
  readonly remove: (app: string, rid: string) => Promise<boolean>;
  /** Remembers the confirm of a replay, so that another one answers the same. */
  readonly recordReplay: (app: string, rid: string, confirm: string) => Promise<void>;
}

export interface RedisDeadLettersDeps {
  readonly redis: RedisClient;
  /** How long any finished rid is remembered. */
  readonly retentionSeconds: number;
}

/** KEYS: dead letters, record; ARGV: rid retention. */
const DROP_LUA = `
redis.call('EXPIRE', KEYS[2], ARGV[2], 'LT')
return redis.call('ZREM', KEYS[1], ARGV[1])
`;
/** KEYS: dead letters, record; ARGV: rid confirm. Never makes a record anew. */
const REPLAYED_LUA = `
if redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('HSET', KEYS[2], 'replay', ARGV[2])
end
`;
/** The form of `before`. */
export const DEAD_LETTER_CURSOR = /^(\d{1,15})\.([A-Za-z0-9._:@~-]{1,128})$/;

/** Dead letters in Redis: a sorted set of rids per app; what they are about stays in the rids' own records. */
export function redisDeadLetters({ redis, retentionSeconds }: RedisDeadLettersDeps): DeadLetters {
  const run = scripts(redis, { DROP_LUA, REPLAYED_LUA });
  const places = (app: string, rid: string) => [keys.deadLetters(app), keys.record(app, rid)];

  async function read(app: string, rid: string, died: number): Promise<DeadLetter | undefined> {
    const [body, result, replay] = await redis.hmget(keys.record(app, rid), "body", "result", "replay");
    if (!body || !result) return undefined;
    const activity = JSON.parse(body) as Activity;
    return { activity, result: JSON.parse(result) as ResultEvent, deadLetteredAt: died, ...(replay ? { replay } : {}) };
  }

  return {
    list: async (app, { limit, before }) => {
      const flat = await redis.zrevrange(keys.deadLetters(app), 0, -1, "WITHSCORES");
      const all = flat.flatMap((rid, at) => (at % 2 === 0 ? [{ rid, died: Number(flat[at + 1]) }] : []));
      const rest = all.filter((one) => before === undefined || isOlder(one, before));
      const shown = rest.slice(0, limit);
      const letters = await Promise.all(shown.map(({ rid, died }) => read(app, rid, died)));
      const last = shown.at(-1);
      return {
        letters: letters.filter((letter) => letter !== undefined),
        ...(rest.length > limit && last ? { next: `${last.died}.${last.rid}` } : {}),
      };
    },

    find: async (app, rid) => {
      const died = await redis.zscore(keys.deadLetters(app), rid);
      return died === null ? undefined : read(app, rid, Number(died));
    },

    remove: async (app, rid) => (await run.DROP_LUA(places(app, rid), [rid, retentionSeconds])) === 1,

    recordReplay: async (app, rid, confirm) => {
      await run.REPLAYED_LUA(places(app, rid), [rid, confirm]);
    },
  };
}

/** By time and, within a millisecond, as Redis orders members. */
function isOlder({ rid, died }: { readonly rid: string; readonly died: number }, before: string): boolean {
  const [, ms, than = ""] = DEAD_LETTER_CURSOR.exec(before) ?? [];
  return died < Number(ms) || (died === Number(ms) && Buffer.compare(Buffer.from(rid), Buffer.from(than)) < 0);
}
