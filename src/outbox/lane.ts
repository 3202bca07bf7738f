import { createHash } from "node:crypto";
import type { Activity } from "../activity.ts";

/**
 * The lane of an activity: (app, platform, actor, target set), a conversation. Effects within one happen in accept
 * order. Named `<app>|<platform>|<hash>`, so that a sweep knows which queue to wake; the hash alone is unique within a queue.
 */
export function laneOf(app: string, activity: Pick<Activity, "platform" | "actor" | "target">): string {
  const targets = activity.target.map((target) => target.address.toLowerCase());
  const members = targets.length > 1 ? [...new Set(targets)].sort() : targets;
  const hash = createHash("sha256")
    .update(`${app}\n${activity.actor.address.toLowerCase()}\n${members.join("\n")}`)
    .digest("base64url");
  return `${app}|${activity.platform}|${hash.slice(0, 22)}`;
}

/** The parts of a lane's name. */
export function partsOf(lane: string): { readonly app: string; readonly platform: string; readonly hash: string } {
  const [app = "", platform = "", hash = ""] = lane.split("|");
  return { app, platform, hash };
}
