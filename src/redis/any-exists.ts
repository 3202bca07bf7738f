import type { RedisClient } from "./connect.ts";

/**
 * Returns whether any of the keys exists. While there is nothing to do, a round over all tags costs one command so. On a
 * Cluster, where a command covers one slot, the answer is always true: the round asks each tag.
 */
export async function anyExists(redis: RedisClient, names: readonly string[]): Promise<boolean> {
  return redis.isCluster || (await redis.exists(...names)) > 0;
}
