import { HOLDS_LUA, type Owner, OwnershipLost } from "../accounts/account-ownership.ts";
import type { ActivityEvent } from "../model/event.ts";
import type { InboundEvent } from "../platform/platform.ts";
import type { RedisClient } from "../redis/connect.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { APPEND_LUA } from "../redis/lua/append.ts";
import { scripts } from "../redis/script-runner.ts";

export interface ArrivalsDeps {
  readonly redis: RedisClient;
  readonly eventsKept: number;
}

/**
 * Puts what a network brought into the app's event log, once; resolves when it is there: acknowledge only then. With a
 * `holder` only as long as that one holds the account: then throws `TakenOver`.
 */
export type Arrive = (app: string, arrival: InboundEvent, holder?: Owner) => Promise<"new" | "seen">;

/** How many marks of the past an account keeps, and for how long. */
const MARKS = 10_000;
const MARKS_SECONDS = 7 * 86_400;

/**
 * KEYS: seen log epoch account notes; ARGV: key freshEpoch kept event marks seconds fence|'' [note value]. The mark of
 * having seen it is written with the event, never before: a crash between them can't lose a message.
 */
const ARRIVE_LUA = `${APPEND_LUA}${HOLDS_LUA}
if ARGV[7] ~= '' and not holds(KEYS[4], ARGV[7]) then return 'taken' end
if ARGV[8] then redis.call('HSET', KEYS[5], ARGV[8], ARGV[9]) end
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 'seen' end
append(KEYS[2], KEYS[3], ARGV[2], ARGV[3], ARGV[4])
redis.call('ZADD', KEYS[1], redis.call('TIME')[1], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 'new'
`;

/** The one corridor behind sessions, polls and pushes. */
export function arrivals({ redis, eventsKept }: ArrivalsDeps): Arrive {
  const run = scripts(redis, { ARRIVE_LUA });
  const freshEpoch = epochGenerator();
  return async (app, { key, event, state: note }, holder) => {
    const account = event.target[0]?.address.toLowerCase() ?? "";
    const whole: ActivityEvent = { type: "activity", ...event, received: new Date().toISOString() };
    const id = holder?.id ?? "";
    const names = [
      keys.seen(app, event.platform, account),
      keys.log(app),
      keys.epoch(app),
      keys.account(app, id),
      keys.notes(app, id),
    ];
    const args = [key, freshEpoch(), eventsKept, JSON.stringify(whole), MARKS, MARKS_SECONDS, holder?.fence ?? ""];
    const noted = note && holder ? [note.name, note.value] : [];
    const answer = (await run.ARRIVE_LUA(names, [...args, ...noted])) as "new" | "seen" | "taken";
    if (answer === "taken") throw new OwnershipLost();
    return answer;
  };
}
