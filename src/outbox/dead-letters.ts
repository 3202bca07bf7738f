import type { Activity } from "../model/activity.ts";
import type { ResultEvent } from "../model/event.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";

/** Activity that ended undelivered after attempts. */
export interface DeadLetter {
  readonly activity: Activity;
  readonly result: ResultEvent;
  /** Unix ms. */
  readonly deadLetteredAt: number;
  /** The confirm of the replay, as JSON. */
  readonly replay?: string;
}

/** The dead letters of each app; an app never finds another's. The script that writes a result adds them. */
export interface DeadLetters {
  /** Lists up to `limit`, the newest first, older than the cursor `before` (`<ms>.<rid>`). */
  readonly list: (
    app: string,
    page: { readonly limit: number; readonly before?: string },
  ) => Promise<{ readonly letters: readonly DeadLetter[]; readonly next?: string }>;
  readonly find: (app: string, rid: string) => Promise<DeadLetter | undefined>;
  readonly remove: (app: string, rid: string) => Promise<boolean>;
  /** Remembers the confirm of a replay, so that the next replay answers the same. */
  readonly recordReplay: (app: string, rid: string, confirm: string) => Promise<void>;
}

export interface RedisDeadLettersDeps {
  readonly redis: RedisClient;
  /** Lifetime of a finished rid's record. */
  readonly retentionSeconds: number;
}

const REMOVE = luaScript(new URL("./scripts/remove-dead-letter.lua", import.meta.url), {
  keys: ["deadLetters", "record"],
  args: ["rid", "retentionSeconds"],
});
const RECORD_REPLAY = luaScript(new URL("./scripts/record-replay.lua", import.meta.url), {
  keys: ["deadLetters", "record"],
  args: ["rid", "confirm"],
});

/** The form of a list's cursor. */
export const DEAD_LETTER_CURSOR = /^(\d{1,15})\.([A-Za-z0-9._:@~-]{1,128})$/;

interface ListEntry {
  readonly rid: string;
  readonly deadLetteredAt: number;
}

/** Makes the dead letters in Redis: a sorted set of rids per app. All else is in the rids' records. */
export function redisDeadLetters({ redis, retentionSeconds }: RedisDeadLettersDeps): DeadLetters {
  const run = scriptRunner(redis, { remove: REMOVE, recordReplay: RECORD_REPLAY });
  const keysOf = (app: string, rid: string) => ({ deadLetters: keys.deadLetters(app), record: keys.record(app, rid) });

  async function read(app: string, { rid, deadLetteredAt }: ListEntry): Promise<DeadLetter | undefined> {
    const [body, result, replay] = await redis.hmget(keys.record(app, rid), "body", "result", "replay");
    if (!body || !result) return undefined;
    return {
      activity: JSON.parse(body) as Activity,
      result: JSON.parse(result) as ResultEvent,
      deadLetteredAt,
      ...(replay ? { replay } : {}),
    };
  }

  return {
    list: async (app, { limit, before }) => {
      const entries = listEntries(await redis.zrevrange(keys.deadLetters(app), 0, -1, "WITHSCORES"));
      const older = entries.filter((entry) => before === undefined || isOlder(entry, before));
      const page = older.slice(0, limit);
      const letters = await Promise.all(page.map((entry) => read(app, entry)));
      const last = page.at(-1);
      return {
        letters: letters.filter((letter) => letter !== undefined),
        ...(older.length > limit && last ? { next: `${last.deadLetteredAt}.${last.rid}` } : {}),
      };
    },

    find: async (app, rid) => {
      const score = await redis.zscore(keys.deadLetters(app), rid);
      return score === null ? undefined : read(app, { rid, deadLetteredAt: Number(score) });
    },

    remove: async (app, rid) => (await run.remove({ keys: keysOf(app, rid), args: { rid, retentionSeconds } })) === 1,

    recordReplay: async (app, rid, confirm) => {
      await run.recordReplay({ keys: keysOf(app, rid), args: { rid, confirm } });
    },
  };
}

/** Reads members and scores as Redis alternates them. */
function listEntries(flat: readonly string[]): ListEntry[] {
  return flat.flatMap((rid, index) => (index % 2 === 0 ? [{ rid, deadLetteredAt: Number(flat[index + 1]) }] : []));
}

/** Orders by time and, within a millisecond, as Redis orders members. */
function isOlder({ rid, deadLetteredAt }: ListEntry, before: string): boolean {
  const [, ms, cursorRid = ""] = DEAD_LETTER_CURSOR.exec(before) ?? [];
  if (deadLetteredAt !== Number(ms)) return deadLetteredAt < Number(ms);
  return Buffer.compare(Buffer.from(rid), Buffer.from(cursorRid)) < 0;
}
