import type { RedisClient } from "../redis/connect.ts";
import type { ActivityRecord } from "./outbox.ts";
import { activityRecord } from "./outbox-replies.ts";
import { unpackRecord } from "./packed-record.ts";

/** Reads an activity's record by its key. That of a sent activity is a packed text. */
export async function findRecord(redis: RedisClient, key: string): Promise<ActivityRecord | undefined> {
  const stored = await redis.hgetall(key).catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith("WRONGTYPE")) return redis.get(key);
    throw error;
  });
  return typeof stored === "string" ? unpackRecord(stored) : activityRecord(stored ?? {});
}
