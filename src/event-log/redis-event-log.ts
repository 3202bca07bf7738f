import { randomBytes } from "node:crypto";
import type { Cluster, Redis } from "ioredis";
import { keys } from "../redis/keys.ts";
import { APPEND_LUA } from "../redis/lua/append.ts";
import { scripts } from "../redis/script-runner.ts";
import type { EventLog, LogEntry, LogPage } from "./event-log.ts";

const APPEND = `${APPEND_LUA}
return appendField(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4])`;

/** Bounds and entries of one moment. A log that is missing (or lost its epoch) is begun anew, so it has a position. */
const READ = `
local epoch = redis.call('GET', KEYS[2])
if not epoch or redis.call('EXISTS', KEYS[1]) == 0 then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], epoch)
  redis.call('XADD', KEYS[1], '*', 'epoch', epoch)
end
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local last, first
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = info[i + 1] end
  if info[i] == 'first-entry' then first = info[i + 1] end
end
local trimmed = 1
if first and first[2][1] == 'epoch' and first[2][2] == epoch then trimmed = 0 end
local entries = {}
local count = tonumber(ARGV[3])
if count > 0 and ARGV[2] == '$' then entries = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', count)
elseif count > 0 then entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[2], '+', 'COUNT', count) end
return {epoch, first and first[1] or '', last, trimmed, entries}`;

type RawEntry = readonly [id: string, fields: readonly string[]];
type RawPage = readonly [epoch: string, first: string, last: string, trimmed: number, entries: readonly RawEntry[]];

export interface RedisEventLogDeps {
  readonly redis: Redis | Cluster;
  /** Events kept per app at most. */
  readonly kept: number;
  /** Names a new log; random unless a test wants to know it. */
  readonly freshEpoch?: () => string;
}

/** A random name for a new log, as every script that appends needs one at hand. */
export function randomEpoch(): string {
  return randomBytes(6).toString("base64url");
}

/** The fields of a stream entry as the entry they mean. */
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

/** The event log on Redis Streams: one stream per app, its ids are the cursors. */
export function redisEventLog({ redis, kept, freshEpoch = randomEpoch }: RedisEventLogDeps): EventLog {
  const run = scripts(redis, { append: APPEND, read: READ });
  const keysOf = (app: string) => [keys.log(app), keys.epoch(app)];

  async function add(app: string, field: "e" | "c", value: object): Promise<string> {
    const answer = await run.append(keysOf(app), [freshEpoch(), kept, field, JSON.stringify(value)]);
    return answer as string;
  }
  async function read(app: string, after: string, count: number): Promise<LogPage> {
    const answer = (await run.read(keysOf(app), [freshEpoch(), after, count])) as RawPage;
    const [epoch, first, last, trimmed, raw] = answer;
    const entries = raw.map(entryOf);
    if (after === "$") entries.reverse();
    return { epoch, first: first === "" ? undefined : first, last, trimmed: trimmed === 1, entries };
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
