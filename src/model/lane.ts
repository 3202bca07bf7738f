import { hash as digest } from "node:crypto";
import type { Activity } from "./activity.ts";

/** Parts of an activity that its lane depends on. */
export type LaneActivity = Pick<Activity, "id" | "platform" | "actor" | "target" | "options">;

/**
 * The lane of an activity: (app, platform, actor, target set), a conversation. Effects within one happen in accept
 * order. Named `<app>|<platform>|<hash>`, with `|<shard>` where a held connection carries it out, so that a sweep knows
 * which queue to wake; the hash alone is unique within a queue. An activity with `order: none` has a lane of its own.
 */
export function laneOf(app: string, activity: LaneActivity, shard?: number): string {
  const targets = activity.target.map((target) => target.address.toLowerCase());
  const members = targets.length > 1 ? [...new Set(targets)].sort() : targets;
  const ownLane = activity.options?.order === "none" ? `\n\n${activity.id}` : "";
  const hash = digest(
    "sha256",
    `${app}\n${shard === undefined ? "" : `${activity.platform}\n`}${activity.actor.address.toLowerCase()}\n${members.join("\n")}${ownLane}`,
    "base64url",
  );
  return `${app}|${activity.platform}|${hash.slice(0, 18)}${hostTag(activity)}${shard === undefined ? "" : `|${shard}`}`;
}

/**
 * Returns four characters that stand for the host that an activity goes to.
 * That of the first target where it is a web address, else that of the actor's address: an account is at one server.
 */
function hostTag({ actor, target }: Pick<Activity, "actor" | "target">): string {
  const [first] = target;
  const isUrl = first !== undefined && /^https?:\/\//i.test(first.address) && URL.canParse(first.address);
  const host = isUrl ? new URL(first.address).host : actor.address.slice(actor.address.lastIndexOf("@") + 1);
  return digest("sha256", host.toLowerCase(), "base64url").slice(0, 4);
}

/** Number of drain shards of a queue within a tag. So many workers can share an app's lanes. */
export const DRAIN_PARTS = 4;

export interface LaneParts {
  readonly app: string;
  readonly platform: string;
  readonly hash: string;
  /** Stands for the host that the lane's activities go to. */
  readonly host: string;
  /** Name of the BullMQ queue that carries the lane out. */
  readonly queue: string;
  /** Drain shard within the app's tag, whose lanes one drainer carries out: `<queue>:<part>`. */
  readonly drain: string;
}

/** The parts of a lane's name. */
export function laneParts(lane: string): LaneParts {
  const [app = "", platform = "", hash = "", shard] = lane.split("|");
  const queue = shard === undefined ? platform : shardQueue(Number(shard));
  return { app, platform, hash, host: hash.slice(-4), queue, drain: `${queue}:${hash.charCodeAt(0) % DRAIN_PARTS}` };
}

/** Returns the queue of a drain shard. */
export function drainQueue(drain: string): string {
  return drain.slice(0, drain.lastIndexOf(":"));
}

/** Returns the queue of a shard's work. No platform's id has a dot. */
export function shardQueue(shard: number): string {
  return `held.${shard}`;
}
