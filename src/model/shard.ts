import { partitionOf } from "./hash.ts";

/** Number of shards of the accounts; each is owned by one worker at a time. Never changes: lanes carry it. */
export const SHARDS = 16;

/** The shard of an account (`acc_…`) of an app. */
export function shardOf(app: string, account: string): number {
  return partitionOf(`${app}|${account}`, SHARDS);
}
