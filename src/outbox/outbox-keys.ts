import { laneParts } from "../model/lane.ts";
import { keys } from "../redis/keys.ts";
import type { DrainShard } from "./outbox.ts";

/** Number of apps, and of their drain shards, whose keys are kept. */
const MAX_KNOWN = 1_000;

/** Returns what was made for a key before. Most names are the same for all activities of an app. */
function known<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const existing = values.get(key);
  if (existing !== undefined) return existing;
  const made = make();
  if (values.size >= MAX_KNOWN) values.clear();
  values.set(key, made);
  return made;
}

const appKeys = new Map<string, ReturnType<typeof makeAppKeys>>();
const shardKeys = new Map<string, ReturnType<typeof makeShardKeys>>();

function makeAppKeys(app: string) {
  const tag = keys.tagOf(app);
  return {
    retries: keys.retries(tag),
    lanes: keys.lanes(tag),
    due: keys.due(tag),
    deadlines: keys.deadlines(tag),
    dsns: keys.dsns(tag),
    fences: keys.fences(tag),
    counts: keys.counts(app),
    recordPrefix: keys.record(app, ""),
    log: keys.log(app),
    epoch: keys.epoch(app),
    keptBytes: keys.keptBytes(app),
    deadLetters: keys.deadLetters(app),
    history: keys.history(app),
  };
}

function makeShardKeys({ tag, drain }: DrainShard) {
  return { ready: keys.ready(tag, drain), busy: keys.busy(tag, drain), drainer: keys.drainer(tag, drain) };
}

function shardKeysOf({ tag, drain }: DrainShard) {
  return known(shardKeys, tag + drain, () => makeShardKeys({ tag, drain }));
}

/**
 * Makes the Redis keys of a lane and its app, by their names in scripts. Copies one by one: spread, so many
 * properties take V8 a hundred times as long.
 */
export function laneKeys(app: string, lane: string) {
  const ofApp = known(appKeys, app, () => makeAppKeys(app));
  const ofShard = shardKeysOf({ tag: keys.tagOf(app), drain: laneParts(lane).drain });
  return {
    retries: ofApp.retries,
    lanes: ofApp.lanes,
    due: ofApp.due,
    deadlines: ofApp.deadlines,
    dsns: ofApp.dsns,
    fences: ofApp.fences,
    counts: ofApp.counts,
    recordPrefix: ofApp.recordPrefix,
    log: ofApp.log,
    epoch: ofApp.epoch,
    keptBytes: ofApp.keptBytes,
    deadLetters: ofApp.deadLetters,
    history: ofApp.history,
    ready: ofShard.ready,
    busy: ofShard.busy,
    drainer: ofShard.drainer,
    lane: keys.lane(app, lane),
    laneFence: keys.laneFence(app, lane),
  };
}

/** Makes the Redis keys of an activity, including the lane's and the log's. */
export function activityKeys(app: string, rid: string, lane: string) {
  return Object.assign(laneKeys(app, lane), { record: keys.record(app, rid), blobs: keys.blobs(app, rid) });
}

/** Makes the Redis keys of a drain shard. */
export function drainKeys(shard: DrainShard) {
  const { tag } = shard;
  return {
    lanes: keys.lanes(tag),
    retries: keys.retries(tag),
    fences: keys.fences(tag),
    ...shardKeysOf(shard),
  };
}

/** Makes the Redis keys of a tag's waiting activities. */
export function tagKeys(tag: string) {
  return { lanes: keys.lanes(tag), due: keys.due(tag), deadlines: keys.deadlines(tag), retries: keys.retries(tag) };
}

/** Keys of which one exists while any activity is without a result. */
export const OUTSTANDING_KEYS = keys.tags.flatMap((tag) => [keys.lanes(tag), keys.due(tag), keys.deadlines(tag)]);

/** Names an activity in the sorted sets of a tag. */
export function memberOf(app: string, rid: string): string {
  return `${app}|${rid}`;
}

/** Reads a name that `memberOf` made. */
export function readMember(member: string): { readonly app: string; readonly rid: string } {
  const cut = member.indexOf("|");
  return { app: member.slice(0, cut), rid: member.slice(cut + 1) };
}
