import { ulid } from "ulid";
import { associatedData } from "../crypto/associated-data.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { formatCursor, parseCursor } from "../event-log/cursor.ts";
import type { EventLog, LogBounds } from "../event-log/event-log.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { scripts } from "../redis/script-runner.ts";
import type { Health } from "./delivery-store.ts";
import { PUT_LUA, REMOVE_LUA, REPLAY_LUA, TEST_LUA } from "./scripts.ts";
import { type Delivery, HOOKS_PER_APP, type Hook, type Hooks, TooManyHooks } from "./webhook.ts";

export interface RedisHooksDeps {
  readonly redis: RedisClient;
  readonly keyring: Pick<Keyring, "seal">;
  readonly eventLog: Pick<EventLog, "bounds">;
}

const TESTS_WAITING = 10;
const SHOWN_DELIVERIES = 5;

/** Where a hook's secret belongs: the associated data it is sealed with. */
export function hookWhere(app: string, name: string, version: string): Buffer {
  return associatedData("hook", app, name, version);
}

/** Hooks in Redis: a hash per hook and a set of names per app; what workers do with them is in `redis-work.ts`. */
export function redisHooks({ redis, keyring, eventLog }: RedisHooksDeps): Hooks {
  const run = scripts(redis, { PUT_LUA, REMOVE_LUA, REPLAY_LUA, TEST_LUA });

  async function read(app: string, name: string, bounds: LogBounds): Promise<Hook | undefined> {
    const [record, held, deliveries] = await Promise.all([
      redis.hgetall(keys.hook(app, name)),
      redis.xlen(keys.hookHeld(app, name)),
      sent(app, name, SHOWN_DELIVERIES),
    ]);
    return record.url === undefined ? undefined : hookOf(name, record, held, bounds, deliveries);
  }
  async function sent(app: string, name: string, limit: number): Promise<Delivery[]> {
    const raw = await redis.lrange(keys.hookSent(app, name), 0, limit - 1);
    return raw.map((one) => JSON.parse(one) as Delivery);
  }

  return {
    put: async (app, { name, url, filter, secret, replacesSecret, cursor }) => {
      const version = ulid();
      const sealed = await keyring.seal(secret, hookWhere(app, name, version));
      const fields = { url, filter: JSON.stringify(filter), updated: new Date().toISOString() };
      const places = [keys.hooks(app), keys.hook(app, name), keys.hooked(keys.tagOf(app)), keys.hookTries(app, name)];
      const words = [name, HOOKS_PER_APP, `${app}|${name}`, cursor, sealed, version, replacesSecret ? "1" : ""];
      const answer = await run.PUT_LUA(places, [...words, ...Object.entries(fields).flat()]);
      if (answer === -1) throw new TooManyHooks();
      return { created: answer === 1 };
    },

    get: async (app, name) => read(app, name, await eventLog.bounds(app)),

    list: async (app) => {
      const names = (await redis.smembers(keys.hooks(app))).sort();
      if (names.length === 0) return [];
      const bounds = await eventLog.bounds(app);
      const all = await Promise.all(names.map((name) => read(app, name, bounds)));
      return all.filter((hook) => hook !== undefined);
    },

    remove: async (app, name) => {
      const places = [
        keys.hooks(app),
        keys.hooked(keys.tagOf(app)),
        keys.hook(app, name),
        keys.hookHeld(app, name),
        keys.hookTries(app, name),
        keys.hookSent(app, name),
        keys.hookTests(app, name),
        keys.hookLease(app, name),
      ];
      return (await run.REMOVE_LUA(places, [name, `${app}|${name}`])) === 1;
    },

    replay: async (app, name, cursor) => {
      const places = [keys.hook(app, name), keys.hookHeld(app, name), keys.hookTries(app, name)];
      return (await run.REPLAY_LUA(places, [cursor])) === 1;
    },

    test: async (app, name, id, json) => {
      const places = [keys.hook(app, name), keys.hookTests(app, name)];
      return (await run.TEST_LUA(places, [id, json, TESTS_WAITING])) === 1;
    },

    deliveries: sent,
  };
}

function hookOf(
  name: string,
  record: Record<string, string>,
  held: number,
  bounds: LogBounds,
  deliveries: readonly Delivery[],
): Hook {
  const { failing } = JSON.parse(record.health ?? "{}") as Partial<Health>;
  const disabled = record.state === "disabled";
  return {
    name,
    url: record.url ?? "",
    ...(JSON.parse(record.filter ?? "{}") as object),
    state: disabled ? "disabled" : failing === undefined ? "active" : "failing",
    ...(failing === undefined ? {} : { failingSince: new Date(failing).toISOString() }),
    ...(record.error === undefined ? {} : { error: JSON.parse(record.error) }),
    cursor: record.cursor ?? "",
    lag: { held, seconds: secondsBehind(record.cursor ?? "", bounds) },
    created: record.created ?? "",
    updated: record.updated ?? "",
    deliveries,
  };
}

/** Age of what was not gone through yet; entries' ids begin with Redis' own time in milliseconds. */
function secondsBehind(cursor: string, { epoch, first, last }: LogBounds): number {
  if (cursor === formatCursor(epoch, last)) return 0;
  const at = parseCursor(cursor)?.id ?? first ?? last;
  return Math.max(0, Math.round((Date.now() - Number(at.split("-")[0])) / 1_000));
}
