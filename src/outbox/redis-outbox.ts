import type { Activity } from "../model/activity.ts";
import type { ResultEvent } from "../model/event.ts";
import { partsOf } from "../model/lane.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Barrier } from "../redis/durable.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { scripts } from "../redis/script-runner.ts";
import { isDeadLetter } from "./dead-letter-policy.ts";
import { endedReceipt } from "./ended-receipt.ts";
import type {
  AcceptResult,
  ActivityRecord,
  ActivityStatus,
  FinalizeResult,
  LaneItem,
  LaneState,
  Outbox,
  Wake,
} from "./outbox.ts";
import { ACCEPT_LUA, COMMIT_LUA, DEFER_LUA, END_LUA, SETTLE_LUA, SWEEP_LUA, TAKE_LUA } from "./scripts.ts";

export interface RedisOutboxDeps {
  readonly redis: RedisClient;
  readonly quota: number;
  readonly eventsKept: number;
  readonly retentionSeconds: number;
  /** Holds an answer back until it is as durable as promised; see redis/durable.ts. */
  readonly withReplication?: Barrier["withReplication"];
}

/** How long the sweep leaves a lane alone that a worker has just begun on; its own job lock is shorter. */
const LEASE_MS = 15_000;
/** How long a lane may hold work without progress before the sweep wakes it. */
const PATIENCE_MS = 5_000;

/** How many activities of a conversation later reports on all of it can still be about. */
const THREAD_MOST = 200;

type Cells = Array<string | number>;

/** The outbox on Redis: one script, one round trip, per call. */
export function redisOutbox({
  redis,
  quota,
  eventsKept,
  retentionSeconds,
  withReplication = (_tag, work) => work(),
}: RedisOutboxDeps): Outbox {
  const run = scripts(redis, { ACCEPT_LUA, COMMIT_LUA, DEFER_LUA, END_LUA, SETTLE_LUA, SWEEP_LUA, TAKE_LUA });
  const fresh = epochGenerator();

  return {
    async accept(entry) {
      const { app, activity } = entry;
      const lane = entry.lane;
      const args: Array<string | number | Buffer> = [
        entry.fingerprint,
        activity.id,
        JSON.stringify(entry.ridAsSent),
        JSON.stringify(activity),
        lane,
        entry.dueAt ?? 0,
        entry.lifetimeMs,
        quota,
        entry.needsAccount === undefined ? "" : keys.account(app, entry.needsAccount),
        memberOf(app, activity.rid),
        activity.rid,
      ];
      for (const [index, bytes] of entry.blobs) args.push(index, bytes);
      const answer = (await withReplication(keys.tagOf(app), () =>
        run.ACCEPT_LUA(keysOf(app, activity.rid, lane), args),
      )) as Cells;
      return acceptAnswer(answer, app, lane);
    },

    async claim(app, lane) {
      const answer = (await run.TAKE_LUA(keysOf(app, "", lane), [lane, LEASE_MS])) as Cells;
      return nextOf(answer, app, lane);
    },

    async recordCrash({ app, activity }) {
      return (await redis.hincrby(keys.record(app, activity.rid), "deaths", 1)) - 1;
    },

    async commit(work, event, { receiptTtlSeconds = 0, conversations = [] } = {}) {
      const { app, lane, fence, activity } = work;
      return (await withReplication(keys.tagOf(app), () =>
        run.COMMIT_LUA(
          [
            ...keysOf(app, activity.rid, lane),
            keys.trace(app, activity.id),
            ...conversations.map((conversation) => keys.thread(app, conversation)),
          ],
          [fence, fresh(), eventsKept, event, receiptTtlSeconds, activity.id, THREAD_MOST],
        ),
      )) as "committed" | "lost" | "over";
    },

    async complete(work, { status, event, attempts }) {
      const { app, lane, fence, activity } = work;
      const args = [
        fence,
        activity.rid,
        memberOf(app, activity.rid),
        lane,
        LEASE_MS,
        status,
        event,
        attempts,
        fresh(),
        eventsKept,
        retentionSeconds,
        deadMark(status, event),
        endedReceipt(work, status, event),
      ];
      const places = [...keysOf(app, activity.rid, lane), keys.deadLetters(app), keys.trace(app, activity.id)];
      return nextOf((await run.SETTLE_LUA(places, args)) as Cells, app, lane);
    },

    async defer(work, { retryAt, extendMs, attempts, inDoubt, decided, event }) {
      const { app, lane, fence, activity } = work;
      const args = [
        fence,
        memberOf(app, activity.rid),
        lane,
        retryAt,
        extendMs,
        attempts,
        JSON.stringify(decided),
        fresh(),
        eventsKept,
        event,
        inDoubt ? "1" : "",
      ];
      const places = [...keysOf(app, activity.rid, lane), keys.trace(app, activity.id)];
      return (await run.DEFER_LUA(places, args)) as "deferred" | "lost";
    },

    async find(app, rid) {
      const record = await redis.hgetall(keys.record(app, rid));
      return record.id === undefined ? undefined : storedOf(record);
    },

    async finalize(app, rid, lane, { status, event, committed }) {
      const args = [
        rid,
        memberOf(app, rid),
        lane,
        status,
        event,
        committed ? "1" : "",
        fresh(),
        eventsKept,
        retentionSeconds,
        deadMark(status, event),
      ];
      const [outcome, outstanding] = (await withReplication(keys.tagOf(app), () =>
        run.END_LUA([...keysOf(app, rid, lane), keys.deadLetters(app)], args),
      )) as Cells;
      if (outcome !== "ended") return { outcome } as FinalizeResult;
      return { outcome, ...wakeOf(app, lane, Number(outstanding)) };
    },

    async sweep(tag) {
      const names = [keys.lanes(tag), keys.due(tag), keys.deadlines(tag)];
      const swept = await run.SWEEP_LUA(names, [tag, PATIENCE_MS]);
      const [lanes, late, outstanding] = swept as [string[], string[], number];
      return {
        wakes: lanes.map((lane) => ({ app: partsOf(lane).app, lane, outstanding: 1 })),
        late: late.map((member) => {
          const cut = member.indexOf("|");
          return { app: member.slice(0, cut), rid: member.slice(cut + 1) };
        }),
        outstanding,
      };
    },

    async extendDeadline(app, rid, ms) {
      await redis.zincrby(keys.deadlines(keys.tagOf(app)), ms, memberOf(app, rid));
    },

    async blobs(app, rid) {
      const flat = await redis.hgetallBuffer(keys.blobs(app, rid));
      return new Map(Object.entries(flat));
    },
  };
}

/** Whether the script is to keep it among the dead letters; a retried sweep has no event to tell of. */
function deadMark(status: string, event: string): string {
  if (status === "sent" || status === "cancelled" || event === "") return "";
  return isDeadLetter(JSON.parse(event) as ResultEvent) ? "1" : "";
}

function memberOf(app: string, rid: string): string {
  return `${app}|${rid}`;
}

/** The KEYS of every outbox script, in the order that scripts.ts names them. */
function keysOf(app: string, rid: string, lane: string): string[] {
  const tag = keys.tagOf(app);
  return [
    keys.record(app, rid),
    keys.lane(app, lane),
    keys.laneFence(app, lane),
    keys.lanes(tag),
    keys.due(tag),
    keys.deadlines(tag),
    keys.counts(app),
    keys.blobs(app, rid),
    keys.log(app),
    keys.epoch(app),
    keys.fences(tag),
    keys.record(app, ""),
  ];
}

function wakeOf(app: string, lane: string, outstanding: number): { wake?: Wake } {
  return outstanding > 0 ? { wake: { app, lane, outstanding } } : {};
}

function acceptAnswer(answer: Cells, app: string, lane: string): AcceptResult {
  const [outcome, second, third, fourth, fifth, sixth] = answer;
  if (outcome === "accepted")
    return { outcome, status: second as "queued" | "scheduled", ...wakeOf(app, lane, Number(third)) };
  if (outcome === "replayed") {
    const ridAsSent = JSON.parse(String(fourth)) as string | number;
    return {
      outcome,
      id: String(second),
      status: third as ActivityStatus,
      ridAsSent,
      ...wakeOf(app, String(fifth), Number(sixth)),
    };
  }
  return { outcome: outcome as "reused" | "account-unknown" | "quota-exceeded" };
}

function nextOf(answer: Cells, app: string, lane: string): LaneState {
  const [kind] = answer;
  if (kind === "wait") return { kind, ms: Number(answer[1]) };
  if (kind !== "item") return { kind: kind as "empty" | "lost" };
  const [, fence, body, rid, attempts, takes, committed, decided, now, expires, extended] = answer.map(
    String,
  ) as string[];
  const activity = JSON.parse(body as string) as Activity;
  const work: LaneItem = {
    app,
    lane,
    fence: fence as string,
    activity,
    ridAsSent: JSON.parse(rid as string) as string | number,
    attempts: Number(attempts),
    claimCount: Number(takes),
    outcomeUncertain: committed !== "",
    outcomes: decided ? (JSON.parse(decided) as LaneItem["outcomes"]) : activity.target.map(() => null),
    now: Number(now),
    expiresAt: Number(expires),
    extendedMs: Number(extended),
  };
  return { kind, item: work };
}

function storedOf(record: Record<string, string>): ActivityRecord {
  const activity = JSON.parse(record.body as string) as Activity;
  return {
    id: record.id as string,
    rid: JSON.parse(record.rid as string) as string | number,
    platform: activity.platform,
    verb: activity.verb,
    lane: record.lane as string,
    status: record.status as ActivityStatus,
    attempts: Number(record.attempts ?? 0),
    acceptedAt: Number(record.accepted),
    dueAt: Number(record.due),
    expiresAt: Number(record.expires),
    ...(record.status === "deferred" ? { retryAt: Number(record.retry) } : {}),
    committed: record.committed !== undefined,
    actor: activity.actor,
    target: activity.target,
    outcomes: record.decided
      ? (JSON.parse(record.decided) as ActivityRecord["outcomes"])
      : activity.target.map(() => null),
    ...(record.result === undefined ? {} : { result: JSON.parse(record.result) as Record<string, unknown> }),
  };
}
