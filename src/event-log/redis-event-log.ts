import { randomBytes } from "node:crypto";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import type { EventLog, LogEntry, LogPage } from "./event-log.ts";

/** Appends an entry to a log; also used by the bench. */
export const APPEND = luaScript(new URL("./scripts/append.lua", import.meta.url), {
  keys: ["log", "epoch"],
  args: ["nextEpoch", "eventsKept", "field", "value"],
  reply: String,
});
const READ = luaScript(new URL("./scripts/read.lua", import.meta.url), {
  keys: ["log", "epoch"],
  args: ["nextEpoch", "after", "count"],
  reply: (raw) => raw as RawPage,
});

type RawEntry = readonly [id: string, fields: readonly string[]];
type RawPage = readonly [epoch: string, first: string, last: string, trimmed: number, entries: readonly RawEntry[]];

export interface RedisEventLogDeps {
  readonly redis: RedisClient;
  /** Maximum number of events kept per app. */
  readonly eventsKept: number;
  /** Names a new log; random unless a test wants to know it. */
  readonly nextEpoch?: () => string;
}

/** Makes a random name for a new log. Every script that appends needs such a name at hand. */
export function randomEpoch(): string {
  return randomBytes(6).toString("base64url");
}

/** Reads the fields of a stream entry. */
export function entryOf([id, fields]: RawEntry): LogEntry {
  const value = fields[1] as string;
  switch (fields[0]) {
    case "e":
      return { id, event: value };
    case "c":
      return { id, control: value };
    case "epoch":
      return { id, epoch: value };
    default:
      return { id };
  }
}

/** Makes the event log on Redis Streams. Each app has a stream; entry ids are the cursors. */
export function redisEventLog({ redis, eventsKept, nextEpoch = randomEpoch }: RedisEventLogDeps): EventLog {
  const run = scriptRunner(redis, { append: APPEND, read: READ });
  const keysOf = (app: string) => ({ log: keys.log(app), epoch: keys.epoch(app) });

  function add(app: string, field: "e" | "c", value: object): Promise<string> {
    const args = { nextEpoch: nextEpoch(), eventsKept, field, value: JSON.stringify(value) };
    return run.append({ keys: keysOf(app), args });
  }

  async function read(app: string, after: string, count: number): Promise<LogPage> {
    const [epoch, first, last, trimmed, raw] = await run.read({
      keys: keysOf(app),
      args: { nextEpoch: nextEpoch(), after, count },
    });
    const entries = raw.map(entryOf);
    if (after === "$") entries.reverse();
    return { epoch, first: first === "" ? undefined : first, last, isTrimmed: trimmed === 1, entries };
  }

  return {
    append: (app, event) => add(app, "e", event),
    appendControl: (app, revocation) => add(app, "c", revocation),
    bounds: (app) => read(app, "0-0", 0),
    range: read,
    newest: (app, count) => read(app, "$", count),
    trim: async (app, hours) => {
      const oldest = Date.now() - hours * 3_600_000;
      return redis.xtrim(keys.log(app), "MINID", oldest);
    },
  };
}
