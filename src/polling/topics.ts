import { createHash } from "node:crypto";
import type { EventError } from "../model/failure.ts";
import { partitionOf } from "../model/hash.ts";
import type { TopicStatus } from "../platform/platform.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { scripts } from "../redis/script-runner.ts";
import { DROP_LUA, FINISH_LUA, FOLLOW_LUA, HASTEN_LUA, LEAVE_LUA, MARK_LUA, TAKE_LUA, TAKEN } from "./topics-lua.ts";

/** Who follows a topic. */
export interface TopicSubscriber {
  readonly app: string;
  readonly platform: string;
  readonly actor: string;
}

/** A topic that is due, taken by one worker for a while. */
export interface DueTopic {
  readonly id: string;
  readonly platform: string;
  readonly topic: string;
  readonly state: string | undefined;
  /** Polls that failed in a row. */
  readonly failures: number;
  /** Of this taking: another worker that takes it later has another. */
  readonly claim: string;
  /** What a push said of it last. */
  readonly hint: string | undefined;
  /** True when something said that it changed. */
  readonly triggered: boolean;
  /** True when it has something elsewhere that must be undone when nobody follows it any more. */
  readonly hasRemoteState: boolean;
  readonly hasSubscribers: boolean;
}

/** How a poll ended; without `state` that stays. */
export interface PollOutcome {
  readonly state?: string | undefined;
  readonly failures: number;
  readonly error?: EventError | undefined;
  readonly nextMs: number;
}

/** What is polled, for whom and when: one poll per topic however many follow it. */
export interface Topics {
  /**
   * A topic that nobody followed before is due at once; one that nobody follows any more is forgotten, or due once more
   * where it keeps something.
   */
  readonly subscribe: (follower: TopicSubscriber, topic: string, wanted: boolean) => Promise<void>;
  readonly subscriptions: (follower: TopicSubscriber) => Promise<readonly string[]>;
  readonly subscribers: (id: string) => Promise<ReadonlyArray<Pick<TopicSubscriber, "app" | "actor">>>;
  /** Takes up to `most` due topics of a part; whoever does not finish one in `leaseMs` loses it to the next. */
  readonly claimDue: (part: number, most: number, leaseMs: number) => Promise<readonly DueTopic[]>;
  /** Stores what a poll left behind; without effect when another worker has taken the topic since. */
  readonly finish: (due: DueTopic, end: PollOutcome) => Promise<void>;
  /** Makes a topic due now, or after the poll under way: something said that it changed. Once in ten seconds at most. */
  readonly trigger: (id: string) => Promise<void>;
  /** Keeps what a push said of a topic for its next poll. */
  readonly saveHint: (id: string, text: string) => Promise<void>;
  /** Says whether the topic has something elsewhere, see `DueTopic.keeps`. */
  readonly setRemoteState: (id: string, kept: boolean) => Promise<void>;
  /** How a topic stands; undefined for one that nobody follows. */
  readonly status: (platform: string, topic: string) => Promise<TopicStatus | undefined>;
  /** The topic is no more, unless somebody follows it. */
  readonly remove: (due: DueTopic) => Promise<void>;
}

/** Topics are kept in so many parts. */
export const TOPIC_PARTITIONS = 16;
/** The least time between two polls that pushes asked for. */
const MIN_TRIGGER_INTERVAL_MS = 10_000;

/** The id of a platform's topic. */
export function topicId(platform: string, topic: string): string {
  return createHash("sha256").update(`${platform}\n${topic}`).digest("base64url").slice(0, 22);
}

/** Topics in Redis; see `Topics`. */
export function redisTopics({ redis }: { readonly redis: RedisClient }): Topics {
  const run = scripts(redis, {
    FOLLOW_LUA,
    LEAVE_LUA,
    TAKE_LUA,
    FINISH_LUA,
    HASTEN_LUA,
    MARK_LUA,
    DROP_LUA,
  });
  const partOf = (id: string): number => partitionOf(id, TOPIC_PARTITIONS);
  const placesOf = (id: string): [due: string, topic: string, followers: string] => {
    const part = partOf(id);
    return [keys.pollsDue(part), keys.topic(part, id), keys.followers(part, id)];
  };

  return {
    async subscribe({ app, platform, actor }, topic, wanted) {
      const id = topicId(platform, topic);
      const mine = keys.topics(app, platform, actor);
      const member = `${app}|${actor}`;
      // The list of the app's own comes first and goes last: what is polled is always in it.
      if (wanted) {
        await redis.sadd(mine, topic);
        await run.FOLLOW_LUA(placesOf(id), [id, member, platform, topic]);
      } else {
        await run.LEAVE_LUA(placesOf(id), [id, member]);
        await redis.srem(mine, topic);
      }
    },

    subscriptions: async ({ app, platform, actor }) => (await redis.smembers(keys.topics(app, platform, actor))).sort(),

    async subscribers(id) {
      const members = await redis.smembers(keys.followers(partOf(id), id));
      return members.map((member) => {
        const cut = member.indexOf("|");
        return { app: member.slice(0, cut), actor: member.slice(cut + 1) };
      });
    },

    async claimDue(part, most, leaseMs) {
      const prefixes = [keys.topic(part, ""), keys.followers(part, "")];
      const cells = (await run.TAKE_LUA([keys.pollsDue(part)], [...prefixes, most, leaseMs])) as string[];
      const due: DueTopic[] = [];
      for (let at = 0; at < cells.length; at += TAKEN) due.push(dueOf(cells.slice(at, at + TAKEN)));
      return due;
    },

    async finish({ id, claim }, { state, failures: fails, error, nextMs }) {
      const [due, topic] = placesOf(id);
      const said = error === undefined ? "" : JSON.stringify(error);
      const args = [id, claim, Math.ceil(nextMs), fails, said, ...(state === undefined ? [] : [state])];
      await run.FINISH_LUA([due, topic], args);
    },

    async trigger(id) {
      const [due, topic] = placesOf(id);
      await run.HASTEN_LUA([due, topic], [id, MIN_TRIGGER_INTERVAL_MS]);
    },

    async saveHint(id, text) {
      await run.MARK_LUA([placesOf(id)[1]], ["note", text]);
    },

    async setRemoteState(id, kept) {
      await run.MARK_LUA([placesOf(id)[1]], ["keeps", Number(kept)]);
    },

    async status(platform, topic) {
      const id = topicId(platform, topic);
      const [due, place] = placesOf(id);
      const [[known, state, fails, error, polled], nextAt] = await Promise.all([
        redis.hmget(place, "topic", "state", "fails", "error", "polled"),
        redis.zscore(due, id),
      ]);
      if (!known) return undefined;
      return {
        ...(state ? { state } : {}),
        fails: Number(fails ?? 0),
        ...(error ? { error: JSON.parse(error) as EventError } : {}),
        ...(polled ? { polledAt: Number(polled) } : {}),
        ...(nextAt ? { nextAt: Number(nextAt) } : {}),
      };
    },

    async remove({ id, claim }) {
      await run.DROP_LUA(placesOf(id), [id, claim]);
    },
  };
}

function dueOf(words: readonly string[]): DueTopic {
  const [id = "", platform = "", topic = "", state = "", fails = "0", claim = "", note = "", ...flags] = words;
  const [hastened, keeps, followed] = flags.map((flag) => flag === "1");
  return {
    id,
    platform,
    topic,
    state: state || undefined,
    failures: Number(fails),
    claim,
    hint: note || undefined,
    triggered: hastened === true,
    hasRemoteState: keeps === true,
    hasSubscribers: followed === true,
  };
}
