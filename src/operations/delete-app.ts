import { setTimeout as delay } from "node:timers/promises";
import { Cluster, type Redis } from "ioredis";
import type { Accounts } from "../accounts/accounts.ts";
import { appIdOf } from "../apps/redis-registry.ts";
import type { AppRegistry } from "../apps/registry.ts";
import type { LaneQueues } from "../outbox/lane-queues.ts";
import type { Topics } from "../polling/topics.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import type { Webhooks } from "../webhooks/webhook.ts";

export interface DeleteAppDeps {
  readonly redis: RedisClient;
  readonly registry: Pick<AppRegistry, "revoke">;
  readonly accounts: Pick<Accounts, "remove">;
  readonly webhooks: Pick<Webhooks, "remove">;
  readonly topics: Pick<Topics, "subscribe">;
  readonly lanes: Pick<LaneQueues, "notifyAccountChanged">;
  /** Time until every API process has forgotten the revoked keys; tests shorten it. */
  readonly revocationMs?: number;
}

/** Numbers of deleted things, for the operator. */
export interface DeletedApp {
  readonly id: string;
  readonly accounts: number;
  readonly webhooks: number;
  /** Keys deleted from Redis besides accounts and webhooks: activities, attachments, events and the like. */
  readonly keys: number;
  /** True when Redis rewrites its append-only file without the deleted data. */
  readonly isFileRewritten: boolean;
}

/** API processes cache keys for 3 s and follow revocations within 5 s. */
const REVOCATION_MS = 5_000;
const SCAN_COUNT = 1_000;
/** Longest wait for a rewrite of the append-only file that is under way. */
const REWRITE_WAIT_MS = 60_000;
const REWRITE_RETRY_MS = 100;

/**
 * Deletes an app by name or id, with everything that belongs to it. Throws `RegistryError` for an unknown app.
 * Keys are revoked first, which ends requests and streams. Then accounts are disconnected and work is cancelled without
 * results: a worker that holds an item finds its lane gone and sends nothing. The name is freed last, so a deletion that
 * was interrupted can be repeated.
 */
export async function deleteApp(deps: DeleteAppDeps, nameOrId: string): Promise<DeletedApp> {
  const { redis, registry, revocationMs = REVOCATION_MS } = deps;
  const id = await appIdOf(redis, nameOrId);
  await registry.revoke(id);
  await delay(revocationMs);
  const webhooks = await removeWebhooks(deps, id);
  const accounts = await removeAccounts(deps, id);
  await removeWork(redis, id);
  const deleted = await removeKeys(deps, id);
  await removeRegistration(redis, id);
  return { id, accounts, webhooks, keys: deleted, isFileRewritten: await rewriteAppendOnlyFile(redis) };
}

async function removeWebhooks({ redis, webhooks }: DeleteAppDeps, app: string): Promise<number> {
  const names = await redis.smembers(keys.hooks(app));
  for (const name of names) await webhooks.remove(app, name);
  return names.length;
}

/** Deletes accounts and their inbound endpoints; notified owners disconnect. */
async function removeAccounts({ redis, accounts, lanes }: DeleteAppDeps, app: string): Promise<number> {
  const endpoints = keys.webhookEndpoints(app);
  const endpointKeys = (await redis.hvals(endpoints)).map(keys.webhookEndpoint);
  await redis.del(endpoints, ...endpointKeys);
  const ids = await redis.smembers(keys.accounts(app));
  for (const id of ids) {
    await accounts.remove(app, id);
    await lanes.notifyAccountChanged(app, id);
  }
  return ids.length;
}

/** Removes the app's lanes, deadlines and notifications from the indexes of its tag. */
async function removeWork(redis: RedisClient, app: string): Promise<void> {
  const tag = keys.tagOf(app);
  const { readyPrefix, busyPrefix } = keys.outboxPrefixes(tag);
  const indexes = [keys.lanes(tag), keys.due(tag), keys.deadlines(tag), keys.retries(tag)];
  for (const index of [...indexes, ...(await keysLike(redis, `${readyPrefix}*`))]) {
    await removeMembers(
      app,
      (cursor, pattern) => redis.zscan(index, cursor, "MATCH", pattern, "COUNT", SCAN_COUNT),
      (members) => redis.zrem(index, ...members),
    );
  }
  for (const busy of await keysLike(redis, `${busyPrefix}*`)) {
    await removeMembers(
      app,
      (cursor, pattern) => redis.sscan(busy, cursor, "MATCH", pattern, "COUNT", SCAN_COUNT),
      (members) => redis.srem(busy, ...members),
    );
  }
  const dsns = keys.dsns(tag);
  await removeMembers(
    app,
    (cursor, pattern) => redis.hscan(dsns, cursor, "MATCH", pattern, "COUNT", SCAN_COUNT),
    (members) => redis.hdel(dsns, ...members),
  );
}

/** Removes an index's members of an app. Scans also answer scores and values, which do not begin with an app. */
async function removeMembers(
  app: string,
  scan: (cursor: string, pattern: string) => Promise<[cursor: string, cells: string[]]>,
  remove: (members: string[]) => Promise<number>,
): Promise<void> {
  let cursor = "0";
  do {
    const [next, cells] = await scan(cursor, `${app}|*`);
    const members = cells.filter((cell) => cell.startsWith(`${app}|`));
    if (members.length > 0) await remove(members);
    cursor = next;
  } while (cursor !== "0");
}

async function keysLike(redis: RedisClient, pattern: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const node of nodesOf(redis)) {
    let cursor = "0";
    do {
      const [next, names] = await node.scan(cursor, "MATCH", pattern, "COUNT", SCAN_COUNT);
      found.push(...names);
      cursor = next;
    } while (cursor !== "0");
  }
  return found;
}

function nodesOf(redis: RedisClient): readonly Redis[] {
  return redis instanceof Cluster ? redis.nodes("master") : [redis];
}

/**
 * Makes Redis rewrite its append-only file, which still holds deleted data. Returns whether it does.
 * A server that has none, or forbids the command, answers with an error.
 */
async function rewriteAppendOnlyFile(redis: RedisClient): Promise<boolean> {
  const answers = await Promise.allSettled(nodesOf(redis).map(startRewrite));
  return answers.every(({ status }) => status === "fulfilled");
}

/** Starts a rewrite. One under way may have begun before the deletion, so another follows it. */
async function startRewrite(node: Redis): Promise<void> {
  for (const end = Date.now() + REWRITE_WAIT_MS; ; await delay(REWRITE_RETRY_MS)) {
    try {
      await node.bgrewriteaof();
      return;
    } catch (error) {
      const isUnderWay = error instanceof Error && error.message.includes("in progress");
      if (!isUnderWay || Date.now() >= end) throw error;
    }
  }
}

/** Deletes all keys with the app's id in them, after ending its subscriptions. Returns their number. */
async function removeKeys({ redis, topics }: DeleteAppDeps, app: string): Promise<number> {
  for (const node of nodesOf(redis)) {
    for await (const key of appKeys(node, app)) await endSubscriptions(redis, topics, app, key);
  }
  // Only now: the end of a subscription changes the app's counts.
  let deleted = 0;
  for (const node of nodesOf(redis)) {
    for await (const key of appKeys(node, app)) deleted += await redis.unlink(key);
  }
  return deleted;
}

/** Yields the node's keys of an app. `<tag>:<kind>:<app>`, and those that go on after `:` or `|`. */
async function* appKeys(node: Redis, app: string): AsyncGenerator<string> {
  const tag = keys.tagOf(app);
  let cursor = "0";
  do {
    const [next, found] = await node.scan(cursor, "MATCH", `${tag}:*:${app}*`, "COUNT", SCAN_COUNT);
    // The pattern's star also matches colons: another app's rid may contain this app's id.
    for (const key of found) if (isKeyOf(key, tag, app)) yield key;
    cursor = next;
  } while (cursor !== "0");
}

function isKeyOf(key: string, tag: string, app: string): boolean {
  const [kind = "", owner = ""] = key.slice(tag.length + 1).split(":", 2);
  return key.startsWith(`${tag}:`) && kind !== "" && owner.split("|", 1)[0] === app;
}

async function endSubscriptions(
  redis: RedisClient,
  topics: DeleteAppDeps["topics"],
  app: string,
  key: string,
): Promise<void> {
  const prefix = keys.subscribedTopics(app, "", "").slice(0, -1);
  if (!key.startsWith(prefix)) return;
  const [platform = "", ...actor] = key.slice(prefix.length).split(":");
  const subscriber = { app, platform, actor: actor.join(":") };
  for (const topic of await redis.smembers(key)) await topics.subscribe(subscriber, topic, false);
}

async function removeRegistration(redis: RedisClient, app: string): Promise<void> {
  const name = await redis.hget(keys.app(app), "name");
  const change = redis.multi().srem(keys.apps, app).del(keys.app(app), keys.appKeys(app));
  if (name !== null) change.hdel(keys.appNames, name);
  await change.exec();
}
