import { laneParts } from "../model/lane.ts";
import { keys } from "../redis/keys.ts";
import type { DrainShard } from "./outbox.ts";

/** Makes the Redis keys of a lane, by the names that scripts declare. */
export function laneKeys(app: string, lane: string) {
  const tag = keys.tagOf(app);
  const { drain } = laneParts(lane);
  return {
    retries: keys.retries(tag),
    ready: keys.ready(tag, drain),
    busy: keys.busy(tag, drain),
    drainer: keys.drainer(tag, drain),
    lane: keys.lane(app, lane),
    laneFence: keys.laneFence(app, lane),
    lanes: keys.lanes(tag),
    due: keys.due(tag),
    deadlines: keys.deadlines(tag),
    dsns: keys.dsns(tag),
    fences: keys.fences(tag),
    counts: keys.counts(app),
    recordPrefix: keys.record(app, ""),
  };
}

/** Makes the Redis keys of an activity, including the lane's and the log's. */
export function activityKeys(app: string, rid: string, lane: string) {
  return {
    ...laneKeys(app, lane),
    record: keys.record(app, rid),
    blobs: keys.blobs(app, rid),
    log: keys.log(app),
    epoch: keys.epoch(app),
    keptBytes: keys.keptBytes(app),
    deadLetters: keys.deadLetters(app),
    history: keys.history(app),
  };
}

/** Makes the Redis keys of a drain shard. */
export function drainKeys({ tag, drain }: DrainShard) {
  return {
    lanes: keys.lanes(tag),
    retries: keys.retries(tag),
    fences: keys.fences(tag),
    ready: keys.ready(tag, drain),
    busy: keys.busy(tag, drain),
    drainer: keys.drainer(tag, drain),
  };
}

/** Names an activity in the sorted sets of a tag. */
export function memberOf(app: string, rid: string): string {
  return `${app}|${rid}`;
}

/** Reads a name that `memberOf` made. */
export function readMember(member: string): { readonly app: string; readonly rid: string } {
  const cut = member.indexOf("|");
  return { app: member.slice(0, cut), rid: member.slice(cut + 1) };
}
