import { createHash } from "node:crypto";
import type { EventError } from "../model/failure.ts";
import { partitionOf } from "../model/hash.ts";
import type { TopicStatus } from "../platform/platform.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { scripts } from "../redis/script-runner.ts";
import { DROP_LUA, FINISH_LUA, FOLLOW_LUA, HASTEN_LUA, LEAVE_LUA, MARK_LUA, TAKE_LUA, TAKEN } from "./topics-lua.ts";

/** Who follows a topic. */
export interface Follower {
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
  readonly fails: number;
  /** Of this taking: another worker that takes it later has another. */
  readonly claim: string;
  /** What a push said of it last. */
  readonly note: string | undefined;
  /** True when something said that it changed. */
  readonly hastened: boolean;
  /** True when it has something elsewhere that must be undone when nobody follows it any more. */
  readonly keeps: boolean;
  readonly followed: boolean;
}

/** How a poll ended; without `state` that stays. */
export interface PollEnd {
  readonly state?: string | undefined;
  readonly fails: number;
  readonly error?: EventError | undefined;
  readonly nextMs: number;
}

/** What is polled, for whom and when: one poll per topic however many follow it. */
export interface Topics {
  /**
   * A topic that nobody followed before is due at once; one that nobody follows any more is forgotten, or due once more
   * where it keeps something.
   */
  readonly follow: (follower: Follower, topic: string, wanted: boolean) => Promise<void>;
  readonly followed: (follower: Follower) => Promise<readonly string[]>;
  readonly followers: (id: string) => Promise<ReadonlyArray<Pick<Follower, "app" | "actor">>>;
  /** Takes up to `most` due topics of a part; whoever does not finish one in `leaseMs` loses it to the next. */
  readonly take: (part: number, most: number, leaseMs: number) => Promise<readonly DueTopic[]>;
  /** Stores what a poll left behind; without effect when another worker has taken the topic since. */
  readonly finish: (due: DueTopic, end: PollEnd) => Promise<void>;
  /** Makes a topic due now, or after the poll under way: something said that it changed. Once in ten seconds at most. */
  readonly hasten: (id: string) => Promise<void>;
  /** Keeps what a push said of a topic for its next poll. */
  readonly note: (id: string, text: string) => Promise<void>;
  /** Says whether the topic has something elsewhere, see `DueTopic.keeps`. */
  readonly keep: (id: string, kept: boolean) => Promise<void>;
  /** How a topic stands; undefined for one that nobody follows. */
  readonly standing: (platform: string, topic: string) => Promise<TopicStatus | undefined>;
  /** The topic is no more, unless somebody follows it. */
  readonly drop: (due: DueTopic) => Promise<void>;
}

/** Topics are kept in so many parts. */
export const PARTS = 16;
/** The least time between two polls that pushes asked for. */
const HASTEN_MS = 10_000;

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
  const partOf = (id: string): number => partitionOf(id, PARTS);
  const placesOf = (id: string): [due: string, topic: string, followers: string] => {
    const part = partOf(id);
    return [keys.pollsDue(part), keys.topic(part, id), keys.followers(part, id)];
  };

  return {
    async follow({ app, platform, actor }, topic, wanted) {
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

    followed: async ({ app, platform, actor }) => (await redis.smembers(keys.topics(app, platform, actor))).sort(),

    async followers(id) {
      const members = await redis.smembers(keys.followers(partOf(id), id));
      return members.map((member) => {
        const cut = member.indexOf("|");
        return { app: member.slice(0, cut), actor: member.slice(cut + 1) };
      });
    },

    async take(part, most, leaseMs) {
      const prefixes = [keys.topic(part, ""), keys.followers(part, "")];
      const cells = (await run.TAKE_LUA([keys.pollsDue(part)], [...prefixes, most, leaseMs])) as string[];
      const due: DueTopic[] = [];
      for (let at = 0; at < cells.length; at += TAKEN) due.push(dueOf(cells.slice(at, at + TAKEN)));
      return due;
    },

    async finish({ id, claim }, { state, fails, error, nextMs }) {
      const [due, topic] = placesOf(id);
      const said = error === undefined ? "" : JSON.stringify(error);
      const args = [id, claim, Math.ceil(nextMs), fails, said, ...(state === undefined ? [] : [state])];
      await run.FINISH_LUA([due, topic], args);
    },

    async hasten(id) {
      const [due, topic] = placesOf(id);
      await run.HASTEN_LUA([due, topic], [id, HASTEN_MS]);
    },

    async note(id, text) {
      await run.MARK_LUA([placesOf(id)[1]], ["note", text]);
    },

    async keep(id, kept) {
      await run.MARK_LUA([placesOf(id)[1]], ["keeps", Number(kept)]);
    },

    async standing(platform, topic) {
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

    async drop({ id, claim }) {
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
    fails: Number(fails),
    claim,
    note: note || undefined,
    hastened: hastened === true,
    keeps: keeps === true,
    followed: followed === true,
  };
}
