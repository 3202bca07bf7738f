import type { PassingStatus, StatusEvent, TargetOutcome } from "../model/event.ts";
import type { DeliveryReceipt, ReadUpTo } from "../platform/connection.ts";
import type { RedisClient } from "../redis/connect.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { APPEND_LUA } from "../redis/lua/append.ts";
import { scripts } from "../redis/script-runner.ts";

/** Tells an app what a network says later of an activity it sent; an id that is not traced (any more) is ignored. */
export type ReportTo = (app: string, report: DeliveryReceipt | ReadUpTo) => Promise<void>;

/** What was said of a target only grows: a late `delivered` after `read` changes nothing, nor does anything after `failed`. */
const RANK: Readonly<Record<PassingStatus, number>> = { sending: 0, deferred: 0, delivered: 1, read: 2, failed: 3 };

/** KEYS: trace log epoch; ARGV: known next event freshEpoch kept. Answers 0 when somebody else was faster. */
const REPORT_LUA = `${APPEND_LUA}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
append(KEYS[2], KEYS[3], ARGV[4], ARGV[5], ARGV[3])
return 1
`;

/** A trace is the activity's `sending` event, kept since its commit and brought forward by each report. */
export function traces({ redis, eventsKept }: { readonly redis: RedisClient; readonly eventsKept: number }): ReportTo {
  const run = scripts(redis, { REPORT_LUA });
  const fresh = epochGenerator();
  async function one(app: string, said: DeliveryReceipt): Promise<void> {
    const place = keys.trace(app, said.id);
    for (;;) {
      const known = await redis.get(place);
      if (known === null) return;
      const trace = JSON.parse(known) as StatusEvent;
      const news = newsIn(trace, said);
      if (news.length === 0) return;
      const { error: _, ...head } = trace;
      const event: StatusEvent = {
        ...head,
        status: said.status,
        target: news,
        ...(said.error === undefined ? {} : { error: said.error }),
        published: new Date().toISOString(),
      };
      const target = trace.target.map((one) => news.find(({ address }) => address === one.address) ?? one);
      const next = JSON.stringify({ ...trace, target });
      const args = [known, next, JSON.stringify(event), fresh(), eventsKept];
      if ((await run.REPORT_LUA([place, keys.log(app), keys.epoch(app)], args)) === 1) return;
    }
  }

  return async function report(app, said) {
    if ("id" in said) return one(app, said);
    const { conversation: thread, until, ...words } = said;
    const place = keys.thread(app, thread);
    const ids = await redis.zrangebyscore(place, "-inf", until);
    for (const id of ids) await one(app, { id, ...words });
    // What was read has nothing more to be told.
    if (said.status === "read" && ids.length > 0) await redis.zrem(place, ...ids);
  };
}

/** The targets about which the report says something new, as they stand then. */
function newsIn(trace: StatusEvent, { status, target, error }: DeliveryReceipt): readonly TargetOutcome[] {
  return trace.target
    .filter(({ address }) => target === undefined || address.toLowerCase() === target.toLowerCase())
    .filter((one) => (RANK[one.status as PassingStatus] ?? 0) < RANK[status])
    .map(({ address }) => ({ address, status, ...(error === undefined ? {} : { error }) }));
}
