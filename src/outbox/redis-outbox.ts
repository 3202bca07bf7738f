import { tokenShareOf } from "../model/caller.ts";
import type { ResultEvent } from "../model/event.ts";
import { DRAIN_PARTS, laneParts } from "../model/lane.ts";
import { anyExists } from "../redis/any-exists.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Barrier } from "../redis/durable.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import { DEAD_LETTER_TTL_SECONDS, isDeadLetter, MAX_DEAD_LETTERS } from "./dead-letter-policy.ts";
import { endedReceipt } from "./ended-receipt.ts";
import { findRecord } from "./find-record.ts";
import type { Outbox } from "./outbox.ts";
import { activityKeys, drainKeys, laneKeys, memberOf, OUTSTANDING_KEYS, readMember, tagKeys } from "./outbox-keys.ts";
import { acceptResult, finalizeResult, laneState } from "./outbox-replies.ts";
import { OUTBOX_SCRIPTS } from "./outbox-scripts.ts";
import { packRecord } from "./packed-record.ts";
import { deferralNote } from "./timeline-notes.ts";

export interface RedisOutboxDeps {
  readonly redis: RedisClient;
  /** Maximum number of an app's activities that have no result yet. */
  readonly quota: number;
  /** Returns how many bytes an app may store, see app-bytes.lua; default: unlimited. */
  readonly maxBytes?: () => number;
  /** Maximum number of events in an app's log. */
  readonly eventsKept: number;
  /** Maximum number of activities in an app's history; default: none. */
  readonly maxHistory?: number;
  /** Lifetime of a finished rid's record. */
  readonly retentionSeconds: number;
  /** Holds an answer back until the write is as durable as promised; see redis/durable.ts. */
  readonly withReplication?: Barrier["withReplication"];
}

/** Time for which the sweep leaves a claimed lane alone. Longer than the lock of the worker's job. */
const LEASE_MS = 15_000;
/** Time without progress after which the sweep wakes a lane. */
const PATIENCE_MS = 5_000;
/** Maximum number of due activities, lanes and deadlines in one sweep of a tag. */
const SWEEP_BATCH = 200;
/** Maximum number of a conversation's activities that a later "read up to" covers. */
const MAX_CONVERSATION = 200;

/** Makes the outbox on Redis. Each call is one script, one round trip. */
export function redisOutbox(deps: RedisOutboxDeps): Outbox {
  const context = contextOf(deps);
  return { ...submission(context), ...claims(context), ...outcomes(context), ...drains(context), ...records(context) };
}

type Drains = Pick<Outbox, "startDrain" | "claimReady" | "restoreStrays" | "finishDrain" | "readyLane" | "releaseLane">;
type Context = ReturnType<typeof contextOf>;

const UNLIMITED = (): number => Number.MAX_SAFE_INTEGER;

function contextOf({ withReplication = (_tag, write) => write(), maxBytes = UNLIMITED, ...deps }: RedisOutboxDeps) {
  const nextEpoch = epochGenerator();
  return {
    ...deps,
    maxBytes,
    run: scriptRunner(deps.redis, OUTBOX_SCRIPTS, ["accept", "commit", "complete"]),
    withReplication: <T>(app: string, write: () => Promise<T>) => withReplication(keys.tagOf(app), write),
    /** Arguments of every script that appends to an app's log. */
    appendArgs: () => ({ nextEpoch: nextEpoch(), eventsKept: deps.eventsKept }),
    /** Arguments of every script that makes a record final. The event becomes text here, once. */
    finishArgs: (event: ResultEvent) => ({
      status: event.status,
      event: JSON.stringify(event),
      packed: event.status === "sent" ? packRecord(event) : "",
      retentionSeconds: deps.retentionSeconds,
      maxBytes: maxBytes(),
      isDeadLetter: isDeadLetter(event),
      deadLetterSeconds: DEAD_LETTER_TTL_SECONDS,
      maxDeadLetters: MAX_DEAD_LETTERS,
    }),
  };
}

/** Makes the calls that begin and end an activity without a worker. */
function submission(context: Context): Pick<Outbox, "accept" | "finalize" | "forgetMissing"> {
  const { run, withReplication, quota, maxBytes, maxHistory = 0 } = context;
  return {
    async accept(posted) {
      const { app, activity, lane, ridAsSent, fingerprint, lifetimeMs, needsAccount, blobs, dsn } = posted;
      const { dueAt = 0, tokenUser = "" } = posted;
      const { id, rid } = activity;
      const call = {
        keys: Object.assign(activityKeys(app, rid, lane), { account: keys.account(app, needsAccount ?? "") }),
        args: {
          fingerprint,
          id,
          ridAsSent: JSON.stringify(ridAsSent),
          body: JSON.stringify(activity),
          laneId: lane,
          dueAt,
          lifetimeMs,
          quota,
          maxBytes: maxBytes(),
          needsAccount: needsAccount !== undefined,
          member: memberOf(app, rid),
          rid,
          tokenUser,
          tokenQuota: tokenShareOf(quota),
          maxTokenBytes: tokenShareOf(maxBytes()),
          maxHistory,
          dsn: dsn === undefined ? "" : JSON.stringify(dsn),
          dsnOnSuccess: dsn?.recipients.some(({ onSuccess }) => onSuccess) === true,
          attachments: [...blobs].flat(),
        },
      };
      return acceptResult(await withReplication(app, () => run.accept(call)), app, lane);
    },

    async finalize(app, rid, lane, event, { mayBeCommitted } = { mayBeCommitted: false }) {
      const call = {
        keys: activityKeys(app, rid, lane),
        args: {
          rid,
          member: memberOf(app, rid),
          laneId: lane,
          mayBeCommitted,
          ...context.appendArgs(),
          ...context.finishArgs(event),
        },
      };
      return finalizeResult(await withReplication(app, () => run.finalize(call)), app, lane);
    },

    async forgetMissing(app, rid) {
      await run.forgetMissing({ keys: activityKeys(app, rid, ""), args: { member: memberOf(app, rid) } });
    },
  };
}

/** Makes the calls by which a worker takes up an item. */
function claims(context: Context): Pick<Outbox, "claim" | "addSuspicion" | "commit" | "addReceiptId"> {
  const { redis, run, withReplication } = context;
  return {
    async claim(app, lane) {
      const cells = await run.claim({ keys: laneKeys(app, lane), args: { laneId: lane, leaseMs: LEASE_MS } });
      return laneState(cells, app, lane);
    },

    addSuspicion({ app, activity, lane, fence }, change) {
      return run.addSuspicion({ keys: activityKeys(app, activity.rid, lane), args: { fence, change } });
    },

    commit({ app, lane, fence, activity }, event, { receiptTtlSeconds = 0, conversations = [] } = {}) {
      const call = {
        keys: Object.assign(activityKeys(app, activity.rid, lane), {
          receipt: keys.receipt(app, activity.id),
          conversations: conversations.map((conversation) => keys.conversation(app, conversation)),
        }),
        args: {
          fence,
          event: JSON.stringify(event),
          receiptSeconds: receiptTtlSeconds,
          id: activity.id,
          maxConversation: MAX_CONVERSATION,
          ...context.appendArgs(),
        },
      };
      return withReplication(app, () => run.commit(call));
    },

    async addReceiptId({ app, activity }, id, ttlSeconds) {
      await redis.set(keys.receipt(app, id), JSON.stringify({ sameAs: activity.id }), "EX", ttlSeconds, "NX");
    },
  };
}

/** Makes the calls that end a worker's attempt. */
function outcomes(context: Context): Pick<Outbox, "complete" | "defer"> {
  const { run } = context;
  return {
    async complete(item, event) {
      const { app, lane, fence, activity } = item;
      const cells = await run.complete({
        keys: Object.assign(activityKeys(app, activity.rid, lane), { receipt: keys.receipt(app, activity.id) }),
        args: {
          fence,
          rid: activity.rid,
          member: memberOf(app, activity.rid),
          laneId: lane,
          leaseMs: LEASE_MS,
          attempts: event.attempts,
          endedReceipt: endedReceipt(item, event),
          ...context.appendArgs(),
          ...context.finishArgs(event),
        },
      });
      return laneState(cells, app, lane);
    },

    defer({ app, lane, fence, activity }, { retryAt, extendMs, attempts, inDoubt, outcomes, event }) {
      return run.defer({
        keys: { ...activityKeys(app, activity.rid, lane), receipt: keys.receipt(app, activity.id) },
        args: {
          fence,
          member: memberOf(app, activity.rid),
          laneId: lane,
          retryAt,
          extendMs,
          attempts,
          outcomes: JSON.stringify(outcomes),
          event: JSON.stringify(event),
          reason: event.error === undefined ? "" : JSON.stringify(event.error),
          inDoubt,
          note: deferralNote(event, attempts, retryAt),
          ...context.appendArgs(),
        },
      });
    },
  };
}

/** Lifetime of a drainer's token without a sign of life. Until then accepted work wakes no other drainer. */
const DRAINER_MS = 6_000;

/** Makes the calls of a drainer. */
function drains({ run }: Context): Drains {
  return {
    async startDrain(shard, token) {
      await run.startDrain({ keys: drainKeys(shard), args: { token, drainerMs: DRAINER_MS } });
    },

    async claimReady(shard, token, limit, { running, ...perFree }) {
      const shares = { ...perFree, running: [...running].flat() };
      const args = { token, drainerMs: DRAINER_MS, limit, ...keys.outboxPrefixes(shard.tag), ...shares };
      const reply = await run.claimReady({ keys: drainKeys(shard), args });
      if (reply === null) return undefined;
      const [claimed, left] = reply;
      const items = claimed.flatMap(([lane, cells]) => {
        const state = laneState(cells, laneParts(lane).app, lane);
        return state.kind === "item" ? [state.item] : [];
      });
      return { items, mayHaveMore: limit > 0 && claimed.length === limit, isLimited: left > 0 };
    },

    restoreStrays: (shard, token, held) =>
      run.restoreStrays({ keys: drainKeys(shard), args: { token, ...keys.outboxPrefixes(shard.tag), held } }),

    finishDrain: (shard, token, isForced) => run.finishDrain({ keys: drainKeys(shard), args: { token, isForced } }),

    async readyLane(app, lane) {
      const outstanding = await run.readyLane({ keys: laneKeys(app, lane), args: { laneId: lane } });
      return outstanding > 0 ? { app, lane, outstanding } : undefined;
    },

    async releaseLane({ app, lane, fence }, delayMs = 0) {
      await run.releaseLane({ keys: laneKeys(app, lane), args: { laneId: lane, fence, delayMs } });
    },
  };
}

/** Makes the calls that read records and look after waiting activities. */
function records({
  redis,
  run,
}: Context): Pick<Outbox, "find" | "headOf" | "hasOutstanding" | "sweep" | "extendDeadline" | "blobs"> {
  return {
    find: (app, rid) => findRecord(redis, keys.record(app, rid)),

    async headOf(app, lane) {
      return (await redis.lindex(keys.lane(app, lane), 0)) ?? undefined;
    },

    hasOutstanding: () => anyExists(redis, OUTSTANDING_KEYS),

    async sweep(tag) {
      const [lanes, late, outstanding] = await run.sweep({
        keys: tagKeys(tag),
        args: { ...keys.outboxPrefixes(tag), patienceMs: PATIENCE_MS, batch: SWEEP_BATCH, parts: DRAIN_PARTS },
      });
      const wakes = lanes.map((lane) => ({ app: laneParts(lane).app, lane, outstanding: 1 }));
      return { wakes, late: late.map(readMember), outstanding };
    },

    async extendDeadline(app, rid, ms) {
      await redis.zincrby(keys.deadlines(keys.tagOf(app)), ms, memberOf(app, rid));
    },

    async blobs(app, rid) {
      return new Map(Object.entries(await redis.hgetallBuffer(keys.blobs(app, rid))));
    },
  };
}
