import type { Keyring } from "../crypto/keyring.ts";
import { parseCursor } from "../event-log/cursor.ts";
import { optional } from "../model/optional.ts";
import { anyExists } from "../redis/any-exists.ts";
import type { RedisClient } from "../redis/connect.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import {
  type BatchCommit,
  type CommitResult,
  type DeliveryStore,
  LEASE_MS,
  type PendingEntry,
  type Snapshot,
  type WebhookLease,
} from "./delivery-store.ts";
import { webhookSecretData } from "./redis-webhooks.ts";
import { formatHealth, formatRetry, parseFormat, parseHealth, parseRetry } from "./stored-state.ts";
import { MAX_DELIVERIES } from "./webhook.ts";

export interface RedisDeliveryStoreDeps {
  readonly redis: RedisClient;
  readonly keyring: Pick<Keyring, "open">;
  readonly eventsKept: number;
  /** Returns how many bytes an app may store, see app-bytes.lua; default: unlimited. */
  readonly maxBytes?: () => number;
}

const strings = (raw: unknown) => raw as string[];
const CLAIM = luaScript(new URL("./scripts/claim-leases.lua", import.meta.url), {
  keys: ["enabled", "fences"],
  args: ["leasePrefix", "webhookPrefix", "leaseMs"],
  reply: strings,
});
const RENEW = luaScript(new URL("./scripts/renew-lease.lua", import.meta.url), {
  keys: ["lease", "webhook", "tests"],
  args: ["fence", "leaseMs"],
  reply: strings,
});
const RELEASE = luaScript(new URL("./scripts/release-lease.lua", import.meta.url), {
  keys: ["lease"],
  args: ["fence"],
});
const COMMIT = luaScript(new URL("./scripts/commit-batch.lua", import.meta.url), {
  keys: ["webhook", "pending", "retries", "deliveries", "enabled", "counts", "log", "epoch"],
  args: [
    "fence",
    "replayGeneration",
    "cursor",
    "health",
    "disableError",
    "member",
    "maxDeliveries",
    "nextEpoch",
    "eventsKept",
    "lists...",
  ],
  reply: (raw): CommitResult => {
    const [outcome, ...entryIds] = strings(raw);
    if (outcome === "committed") return { outcome, entryIds };
    return { outcome: outcome === "replayed" ? "replayed" : "lost" };
  },
});
const SCRIPTS = { claim: CLAIM, renew: RENEW, release: RELEASE, commit: COMMIT };

const PAGE_SIZE = 500;
/** Bytes of a webhook's pending events. Above that, reading pauses, as with too many events. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
/** Share of the app's bytes that pending events of all its webhooks may take. */
const PENDING_SHARE = 1 / 4;

/** Stores delivery state in Redis. Each call is one atomic script, fenced, so that a webhook has one worker. */
export function redisDeliveryStore(deps: RedisDeliveryStoreDeps): DeliveryStore {
  const { redis, keyring, eventsKept, maxBytes = () => Number.MAX_SAFE_INTEGER } = deps;
  const run = scriptRunner(redis, SCRIPTS);
  const nextEpoch = epochGenerator();

  return {
    hasEnabled: () => anyExists(redis, keys.tags.map(keys.activeHooks)),

    claim: async (tag) => {
      const claimed = await run.claim({
        keys: { enabled: keys.activeHooks(tag), fences: keys.fences(tag) },
        args: { leasePrefix: `${tag}:hook-lease:`, webhookPrefix: `${tag}:hook:`, leaseMs: LEASE_MS },
      });
      return leasesFrom(claimed);
    },

    renew: async ({ app, name, fence }) => {
      const [version, replayGeneration = "0", now = "", test = ""] = await run.renew({
        keys: { lease: keys.hookLease(app, name), webhook: keys.hook(app, name), tests: keys.hookTests(app, name) },
        args: { fence, leaseMs: LEASE_MS },
      });
      if (version === undefined) return undefined;
      return {
        version,
        replayGeneration,
        now: Number(now),
        ...(test === "" ? {} : { test: JSON.parse(test) as [string, string] }),
      };
    },

    release: async ({ app, name, fence }) => {
      await run.release({ keys: { lease: keys.hookLease(app, name) }, args: { fence } });
    },

    load: (lease) => loadSnapshot(redis, keyring, lease),

    pendingEvent: async ({ app, name }, entryId) => {
      const [entry] = await redis.xrange(keys.hookBacklog(app, name), entryId, entryId);
      const fields = entry?.[1] ?? [];
      return fields.length < 6 ? undefined : { id: fields[3] as string, json: fields[5] as string };
    },

    hasRoom: async ({ app, name }) => {
      const [webhookBytes, [appBytes, pendingBytes]] = await Promise.all([
        redis.hget(keys.hook(app, name), "pendingBytes"),
        redis.hmget(keys.counts(app), "bytes", "pendingBytes"),
      ]);
      const most = maxBytes();
      return (
        Number(webhookBytes) < MAX_PENDING_BYTES &&
        Number(appBytes) < most &&
        Number(pendingBytes) < most * PENDING_SHARE
      );
    },

    commitBatch: (lease, commit) =>
      run.commit({
        keys: commitKeys(lease),
        args: { ...commitArgs(lease, commit), nextEpoch: nextEpoch(), eventsKept, lists: listsOf(commit) },
      }),

    recordDelivery: async ({ app, name }, delivery) => {
      const deliveries = keys.hookDeliveries(app, name);
      await redis
        .multi()
        .lpush(deliveries, JSON.stringify(delivery))
        .ltrim(deliveries, 0, MAX_DELIVERIES - 1)
        .exec();
    },
  };
}

async function loadSnapshot(
  redis: RedisClient,
  keyring: Pick<Keyring, "open">,
  lease: WebhookLease,
): Promise<Snapshot | undefined> {
  const { app, name, fence } = lease;
  const record = await redis.hgetall(keys.hook(app, name));
  if (record.url === undefined || record.state !== "active" || record.fence !== fence) return undefined;
  const [secret, pending, retries, [seconds, microseconds]] = await Promise.all([
    keyring.open(record.secret ?? "", webhookSecretData(app, name, record.secretVersion ?? "")),
    pendingOf(redis, lease),
    redis.hgetall(keys.hookAttempts(app, name)),
    redis.time(),
  ]);
  return {
    url: record.url,
    ...optional("format", parseFormat(record.format)),
    filter: JSON.parse(record.filter ?? "{}"),
    secret,
    version: record.version ?? "",
    replayGeneration: record.moves ?? "0",
    cursor: parseCursor(record.cursor ?? ""),
    rawCursor: record.cursor ?? "",
    pending,
    retries: new Map(Object.entries(retries).map(([key, json]) => [key, parseRetry(json)])),
    health: parseHealth(record.health),
    now: Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000),
  };
}

async function pendingOf(redis: RedisClient, { app, name }: WebhookLease): Promise<PendingEntry[]> {
  const pending: PendingEntry[] = [];
  for (let after = "-"; ; ) {
    const page = await redis.xrange(keys.hookBacklog(app, name), after, "+", "COUNT", PAGE_SIZE);
    for (const [entryId, fields] of page) pending.push({ entryId, conversation: fields[1] ?? "" });
    if (page.length < PAGE_SIZE) return pending;
    after = `(${page.at(-1)?.[0]}`;
  }
}

/** Parses `<app>|<name>`, fence, `<app>|<name>`, fence …. */
function leasesFrom(claimed: readonly string[]): WebhookLease[] {
  const leases: WebhookLease[] = [];
  for (let index = 0; index < claimed.length; index += 2) {
    const [app = "", name = ""] = claimed[index]?.split("|") ?? [];
    leases.push({ app, name, fence: claimed[index + 1] as string });
  }
  return leases;
}

function commitKeys({ app, name }: WebhookLease) {
  return {
    webhook: keys.hook(app, name),
    pending: keys.hookBacklog(app, name),
    retries: keys.hookAttempts(app, name),
    deliveries: keys.hookDeliveries(app, name),
    enabled: keys.activeHooks(keys.tagOf(app)),
    counts: keys.counts(app),
    log: keys.log(app),
    epoch: keys.epoch(app),
  };
}

function commitArgs({ app, name, fence }: WebhookLease, commit: BatchCommit) {
  const { replayGeneration, cursor = "", health, disableError } = commit;
  return {
    fence,
    replayGeneration,
    cursor,
    health: formatHealth(health),
    disableError: disableError === undefined ? "" : JSON.stringify(disableError),
    member: `${app}|${name}`,
    maxDeliveries: MAX_DELIVERIES,
  };
}

/** Returns the lists of a commit, each after its length. */
function listsOf({ added, removed, retries, deliveries, events }: BatchCommit): Array<string | number> {
  const newest = deliveries.slice(-MAX_DELIVERIES);
  return [
    added.length,
    ...added.flatMap(({ conversation, id, json }) => [conversation, id, json]),
    removed.length,
    ...removed,
    retries.size,
    ...[...retries].flatMap(([conversation, retry]) => [conversation, retry ? formatRetry(retry) : ""]),
    newest.length,
    ...newest.map((delivery) => JSON.stringify(delivery)),
    events.length,
    ...events.map((event) => JSON.stringify(event)),
  ];
}
