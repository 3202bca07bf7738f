import { ulid } from "ulid";
import { associatedData } from "../crypto/associated-data.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { formatCursor, parseCursor } from "../event-log/cursor.ts";
import type { EventLog, LogBounds } from "../event-log/event-log.ts";
import { optional } from "../model/optional.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript, oneOf } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import { parseFormat, parseHealth } from "./stored-state.ts";
import { type Delivery, MAX_WEBHOOKS_PER_APP, TooManyWebhooks, type Webhook, type Webhooks } from "./webhook.ts";

export interface RedisWebhooksDeps {
  readonly redis: RedisClient;
  readonly keyring: Pick<Keyring, "seal">;
  readonly eventLog: Pick<EventLog, "bounds">;
}

const MAX_WAITING_TESTS = 10;
/** Deliveries shown with a webhook itself. */
const MAX_SHOWN_DELIVERIES = 5;

const PUT = luaScript(new URL("./scripts/put-webhook.lua", import.meta.url), {
  keys: ["webhooks", "webhook", "enabled", "retries"],
  args: ["name", "member", "maxWebhooks", "cursor", "secret", "secretVersion", "replacesSecret", "fields..."],
  reply: oneOf("created", "replaced", "full"),
});
const REMOVE = luaScript(new URL("./scripts/remove-webhook.lua", import.meta.url), {
  keys: ["webhooks", "enabled", "webhook", "counts", "records..."],
  args: ["name", "member"],
});
const REPLAY = luaScript(new URL("./scripts/replay.lua", import.meta.url), {
  keys: ["webhook", "pending", "retries", "counts"],
  args: ["cursor"],
});
const ADD_TEST = luaScript(new URL("./scripts/add-test.lua", import.meta.url), {
  keys: ["webhook", "tests"],
  args: ["id", "json", "maxTests"],
});
const SCRIPTS = { put: PUT, remove: REMOVE, replay: REPLAY, addTest: ADD_TEST };

/** Returns the associated data of a webhook's sealed secret. */
export function webhookSecretData(app: string, name: string, version: string): Buffer {
  return associatedData("hook", app, name, version);
}

/** Stores webhooks in Redis: a hash per webhook and a set of names per app. Workers use redis-delivery-store.ts. */
export function redisWebhooks({ redis, keyring, eventLog }: RedisWebhooksDeps): Webhooks {
  const run = scriptRunner(redis, SCRIPTS);

  const read = (app: string, name: string, bounds: LogBounds) => readWebhook(redis, app, name, bounds);

  return {
    put: async (app, { name, url, format = "dragoman", filter, secret, replacesSecret, cursor }) => {
      const secretVersion = ulid();
      const sealed = await keyring.seal(secret, webhookSecretData(app, name, secretVersion));
      const newSecret = { secret: sealed, secretVersion, replacesSecret };
      const fields = Object.entries({
        url,
        format,
        filter: JSON.stringify(filter),
        updated: new Date().toISOString(),
      }).flat();
      const outcome = await run.put({
        keys: { ...indexKeys(app), webhook: keys.hook(app, name), retries: keys.hookAttempts(app, name) },
        args: { ...newSecret, name, member: memberOf(app, name), maxWebhooks: MAX_WEBHOOKS_PER_APP, cursor, fields },
      });
      if (outcome === "full") throw new TooManyWebhooks();
      return { created: outcome === "created" };
    },

    get: async (app, name) => read(app, name, await eventLog.bounds(app)),

    list: async (app) => {
      const names = (await redis.smembers(keys.hooks(app))).sort();
      if (names.length === 0) return [];
      const bounds = await eventLog.bounds(app);
      const webhooks = await Promise.all(names.map((name) => read(app, name, bounds)));
      return webhooks.filter((webhook) => webhook !== undefined);
    },

    remove: async (app, name) => {
      const removed = await run.remove({
        keys: { ...indexKeys(app), ...bytesKeys(app, name), records: recordKeys(app, name) },
        args: { name, member: memberOf(app, name) },
      });
      return removed === 1;
    },

    replay: async (app, name, cursor) => {
      const found = await run.replay({
        keys: { ...bytesKeys(app, name), pending: keys.hookBacklog(app, name), retries: keys.hookAttempts(app, name) },
        args: { cursor },
      });
      return found === 1;
    },

    test: async (app, name, id, json) => {
      const added = await run.addTest({
        keys: { webhook: keys.hook(app, name), tests: keys.hookTests(app, name) },
        args: { id, json, maxTests: MAX_WAITING_TESTS },
      });
      return added === 1;
    },

    deliveries: (app, name, limit) => deliveriesOf(redis, app, name, limit),
  };
}

async function readWebhook(
  redis: RedisClient,
  app: string,
  name: string,
  bounds: LogBounds,
): Promise<Webhook | undefined> {
  const [record, pendingCount, deliveries] = await Promise.all([
    redis.hgetall(keys.hook(app, name)),
    redis.xlen(keys.hookBacklog(app, name)),
    deliveriesOf(redis, app, name, MAX_SHOWN_DELIVERIES),
  ]);
  if (record.url === undefined) return undefined;
  const lag = { held: pendingCount, seconds: secondsBehind(record.cursor ?? "", bounds) };
  return { ...webhookFromRecord(name, record), lag, deliveries };
}

async function deliveriesOf(redis: RedisClient, app: string, name: string, limit: number): Promise<Delivery[]> {
  const deliveries = await redis.lrange(keys.hookDeliveries(app, name), 0, limit - 1);
  return deliveries.map((json) => JSON.parse(json) as Delivery);
}

function memberOf(app: string, name: string): string {
  return `${app}|${name}`;
}

function indexKeys(app: string) {
  return { webhooks: keys.hooks(app), enabled: keys.activeHooks(keys.tagOf(app)) };
}

function bytesKeys(app: string, name: string) {
  return { webhook: keys.hook(app, name), counts: keys.counts(app) };
}

/** Returns all keys of one webhook. */
function recordKeys(app: string, name: string): string[] {
  return [keys.hook, keys.hookBacklog, keys.hookAttempts, keys.hookDeliveries, keys.hookTests, keys.hookLease].map(
    (keyOf) => keyOf(app, name),
  );
}

function webhookFromRecord(name: string, record: Record<string, string>): Omit<Webhook, "lag" | "deliveries"> {
  const failingSince = parseHealth(record.health).streak?.since;
  const isDisabled = record.state === "disabled";
  return {
    name,
    url: record.url ?? "",
    ...optional("format", parseFormat(record.format)),
    ...(JSON.parse(record.filter ?? "{}") as object),
    state: isDisabled ? "disabled" : failingSince === undefined ? "active" : "failing",
    ...(failingSince === undefined ? {} : { failingSince: new Date(failingSince).toISOString() }),
    ...(record.error === undefined ? {} : { error: JSON.parse(record.error) }),
    cursor: record.cursor ?? "",
    created: record.created ?? "",
    updated: record.updated ?? "",
  };
}

/** Returns the age of the oldest unprocessed entry. Ids of entries begin with Redis' time in milliseconds. */
function secondsBehind(cursor: string, { epoch, first, last }: LogBounds): number {
  if (cursor === formatCursor(epoch, last)) return 0;
  const oldest = parseCursor(cursor)?.id ?? first ?? last;
  return Math.max(0, Math.round((Date.now() - Number(oldest.split("-")[0])) / 1_000));
}
