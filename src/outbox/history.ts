import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import type { ActivityRecord } from "./outbox.ts";
import { activityRecord } from "./outbox-replies.ts";
import { unpackRecord } from "./packed-record.ts";

/** Entry of an app's history. */
export interface HistoryEntry {
  readonly rid: string;
  /** Unix ms. */
  readonly acceptedAt: number;
  /** Undefined when the record is gone: the activity ended too long ago. */
  readonly record: ActivityRecord | undefined;
}

/** Range of a history. From `since` to `until` (Unix ms, both included), older than the entry `after`. */
export interface HistoryRange {
  readonly since?: number;
  readonly until?: number;
  readonly after?: Pick<HistoryEntry, "rid" | "acceptedAt">;
}

/** Each app's accepted activities by time; an app never finds another's. accept.lua adds them. */
export interface History {
  /** Reads up to `size` entries, newest first; fewer where their records are large. */
  readonly page: (
    app: string,
    range: HistoryRange,
    size: number,
  ) => Promise<{ readonly entries: readonly HistoryEntry[]; readonly isEnd: boolean }>;
  /** Removes entries without a record. With the history switched off it removes them all. */
  readonly trim: (app: string) => Promise<void>;
}

export interface RedisHistoryDeps {
  readonly redis: RedisClient;
  /** Maximum number of an app's entries; 0 where the history is off. */
  readonly maxEntries: number;
  /** Lifetime of a finished rid's record. */
  readonly retentionSeconds: number;
}

/** Bytes of records after which a page ends. */
const MAX_PAGE_BYTES = 512 * 1024;
/** Number of entries that one step of trimming looks at. */
const TRIM_STEP = 500;

type StoredEntry = readonly [rid: string, accepted: string, record: string | readonly string[] | null];

const PAGE = luaScript(new URL("./scripts/history-page.lua", import.meta.url), {
  keys: ["history"],
  args: ["recordPrefix", "afterMs", "afterRid", "sinceMs", "untilMs", "size", "maxBytes"],
  reply: (raw) => raw as readonly [isEnd: number, page: readonly StoredEntry[]],
});
const TRIM = luaScript(new URL("./scripts/trim-history.lua", import.meta.url), {
  keys: ["history"],
  args: ["recordPrefix", "maxHistory", "first", "size", "acceptedBefore"],
  reply: (raw) => raw as readonly [seen: number, removed: number],
});

/** Makes the history in Redis: a sorted set of rids per app. All else is in the rids' records. */
export function redisHistory({ redis, maxEntries, retentionSeconds }: RedisHistoryDeps): History {
  const run = scriptRunner(redis, { page: PAGE, trim: TRIM });
  return {
    async page(app, { since, until, after }, size) {
      const [isEnd, page] = await run.page({
        keys: { history: keys.history(app) },
        args: {
          recordPrefix: keys.record(app, ""),
          afterMs: after?.acceptedAt ?? "",
          afterRid: after?.rid ?? "",
          sinceMs: since ?? "",
          untilMs: until ?? "",
          size,
          maxBytes: MAX_PAGE_BYTES,
        },
      });
      return { entries: page.map(entryOf), isEnd: isEnd === 1 };
    },

    async trim(app) {
      const acceptedBefore = Date.now() - retentionSeconds * 1_000;
      for (let first = 0; ; ) {
        const [seen, removed] = await run.trim({
          keys: { history: keys.history(app) },
          args: {
            recordPrefix: keys.record(app, ""),
            maxHistory: maxEntries,
            first,
            size: TRIM_STEP,
            acceptedBefore,
          },
        });
        if (seen < TRIM_STEP) return;
        first += seen - removed;
      }
    },
  };
}

function entryOf([rid, accepted, stored]: StoredEntry): HistoryEntry {
  return { rid, acceptedAt: Number(accepted), record: recordOf(stored) };
}

function recordOf(stored: StoredEntry[2]): ActivityRecord | undefined {
  if (stored === null) return undefined;
  if (typeof stored === "string") return unpackRecord(stored);
  const fields = stored.flatMap((name, index) => (index % 2 === 0 ? [[name, stored[index + 1]] as const] : []));
  return activityRecord(Object.fromEntries(fields) as Record<string, string>);
}
