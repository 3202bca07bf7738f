import { createHash } from "node:crypto";
import { type EventError, Failure } from "../model/failure.ts";
import { partitionOf } from "../model/hash.ts";
import type { TopicStatus } from "../platform/platform.ts";
import { anyExists } from "../redis/any-exists.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript, oneOf } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import type { DueTopic, Topics } from "./topics.ts";

/** Number of partitions that topics are spread over. */
export const TOPIC_PARTITIONS = 16;
/** Shortest time between two polls triggered by pushes. */
const MIN_TRIGGER_INTERVAL_MS = 10_000;
/** Subscriptions of an app, over all its actors. */
const MAX_SUBSCRIPTIONS_PER_APP = 100_000;

const TOPIC_KEYS = ["due", "record", "subscribers"] as const;
const SCRIPTS = {
  addSubscription: luaScript(new URL("./scripts/add-subscription.lua", import.meta.url), {
    keys: ["subscriptions", "counts"],
    args: ["topic", "maxSubscriptions"],
    reply: oneOf("added", "full"),
  }),
  removeSubscription: luaScript(new URL("./scripts/remove-subscription.lua", import.meta.url), {
    keys: ["subscriptions", "counts"],
    args: ["topic"],
  }),
  subscribe: luaScript(new URL("./scripts/subscribe.lua", import.meta.url), {
    keys: TOPIC_KEYS,
    args: ["id", "member", "platform", "topic"],
  }),
  unsubscribe: luaScript(new URL("./scripts/unsubscribe.lua", import.meta.url), {
    keys: TOPIC_KEYS,
    args: ["id", "member"],
  }),
  claimDue: luaScript(new URL("./scripts/claim-due.lua", import.meta.url), {
    keys: ["due"],
    args: ["recordPrefix", "subscribersPrefix", "maxTopics", "leaseMs", "maxPerApp", "running..."],
    reply: (raw) => raw as ReadonlyArray<readonly string[]> | null,
  }),
  finish: luaScript(new URL("./scripts/finish-poll.lua", import.meta.url), {
    keys: ["due", "record"],
    args: ["id", "claim", "nextMs", "failures", "pollError", "state..."],
  }),
  trigger: luaScript(new URL("./scripts/trigger.lua", import.meta.url), {
    keys: ["due", "record"],
    args: ["id", "minIntervalMs"],
  }),
  setField: luaScript(new URL("./scripts/set-field.lua", import.meta.url), {
    keys: ["record"],
    args: ["field", "value"],
  }),
  remove: luaScript(new URL("./scripts/remove-topic.lua", import.meta.url), {
    keys: TOPIC_KEYS,
    args: ["id", "claim"],
  }),
};

export interface RedisTopicsDeps {
  readonly redis: RedisClient;
  /** Subscriptions of an app; replaced by tests. */
  readonly maxSubscriptions?: number;
}

/** Returns the id of a platform's topic. */
export function topicId(platform: string, topic: string): string {
  return createHash("sha256").update(`${platform}\n${topic}`).digest("base64url").slice(0, 22);
}

/** Stores topics in Redis, partitioned by their id. */
export function redisTopics({ redis, maxSubscriptions = MAX_SUBSCRIPTIONS_PER_APP }: RedisTopicsDeps): Topics {
  const run = scriptRunner(redis, SCRIPTS);

  return {
    async subscribe({ app, platform, actor }, topic, isSubscribed) {
      const id = topicId(platform, topic);
      const lists = { subscriptions: keys.subscribedTopics(app, platform, actor), counts: keys.counts(app) };
      const member = `${app}|${actor}`;
      // The app's own list is written first and cleared last, so that every polled topic stands in a list.
      if (isSubscribed) {
        const args = { topic, maxSubscriptions };
        if ((await run.addSubscription({ keys: lists, args })) === "full") throw tooManySubscriptions(maxSubscriptions);
        await run.subscribe({ keys: topicKeys(id), args: { id, member, platform, topic } });
      } else {
        await run.unsubscribe({ keys: topicKeys(id), args: { id, member } });
        await run.removeSubscription({ keys: lists, args: { topic } });
      }
    },

    subscriptions: async ({ app, platform, actor }) =>
      (await redis.smembers(keys.subscribedTopics(app, platform, actor))).sort(),

    async subscribers(id) {
      const members = await redis.smembers(topicKeys(id).subscribers);
      return members.map((member) => {
        const separator = member.indexOf("|");
        return { app: member.slice(0, separator), actor: member.slice(separator + 1) };
      });
    },

    hasTopics: () =>
      anyExists(
        redis,
        Array.from({ length: TOPIC_PARTITIONS }, (_, partition) => keys.pollsDue(partition)),
      ),

    async claimDue(partition, { maxTopics, leaseMs, maxPerApp, running }) {
      const [recordPrefix, subscribersPrefix] = [keys.topic(partition, ""), keys.topicSubscribers(partition, "")];
      const shares = { maxPerApp, running: [...running].flat() };
      const args = { recordPrefix, subscribersPrefix, maxTopics, leaseMs, ...shares };
      return (await run.claimDue({ keys: { due: keys.pollsDue(partition) }, args }))?.map(dueTopicFrom);
    },

    async finish({ id, claim }, { state, failures, error, nextMs }) {
      const pollError = error === undefined ? "" : JSON.stringify(error);
      const states = state === undefined ? [] : [state];
      const args = { id, claim, nextMs: Math.ceil(nextMs), failures, pollError, state: states };
      await run.finish({ keys: topicKeys(id), args });
    },

    async trigger(id) {
      await run.trigger({ keys: topicKeys(id), args: { id, minIntervalMs: MIN_TRIGGER_INTERVAL_MS } });
    },

    async saveHint(id, hint) {
      await run.setField({ keys: topicKeys(id), args: { field: "note", value: hint } });
    },

    async setRemoteState(id, hasRemoteState) {
      await run.setField({ keys: topicKeys(id), args: { field: "keeps", value: hasRemoteState ? "1" : "0" } });
    },

    status: (platform, topic) => readStatus(redis, topicId(platform, topic)),

    async remove({ id, claim }) {
      await run.remove({ keys: topicKeys(id), args: { id, claim } });
    },
  };
}

function tooManySubscriptions(max: number): Failure {
  const detail = `An app may follow ${max} topics: unsubscribe from some.`;
  return new Failure({ kind: "permanent", code: "policy-refused", detail });
}

async function readStatus(redis: RedisClient, id: string): Promise<TopicStatus | undefined> {
  const { due, record } = topicKeys(id);
  const [[topic, state, failures, error, polled], nextAt] = await Promise.all([
    redis.hmget(record, "topic", "state", "fails", "error", "polled"),
    redis.zscore(due, id),
  ]);
  if (!topic) return undefined;
  return {
    ...(state ? { state } : {}),
    fails: Number(failures ?? 0),
    ...(error ? { error: JSON.parse(error) as EventError } : {}),
    ...(polled ? { polledAt: Number(polled) } : {}),
    ...(nextAt ? { nextAt: Number(nextAt) } : {}),
  };
}

function topicKeys(id: string) {
  const partition = partitionOf(id, TOPIC_PARTITIONS);
  return {
    due: keys.pollsDue(partition),
    record: keys.topic(partition, id),
    subscribers: keys.topicSubscribers(partition, id),
  };
}

/** Reads one row of `claim-due.lua`. */
function dueTopicFrom(row: readonly string[]): DueTopic {
  const [id = "", platform = "", topic = "", state = "", failures = "0", claim = "", hint = "", ...rest] = row;
  const [app = "", ...flags] = rest;
  const [triggered = false, hasRemoteState = false] = flags.map((flag) => flag === "1");
  return {
    id,
    platform,
    topic,
    state: state || undefined,
    failures: Number(failures),
    claim,
    hint: hint || undefined,
    triggered,
    hasRemoteState,
    app: app || undefined,
  };
}
