import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import { type AddedSuppression, MAX_SUPPRESSIONS, type Suppression, type Suppressions } from "./suppressions.ts";

const ADD = luaScript(new URL("./scripts/add-suppression.lua", import.meta.url), {
  keys: ["suppressions", "order", "automatic"],
  args: ["id", "entry", "isAutomatic", "maxEntries"],
  reply: (raw): AddedSuppression => {
    const [outcome, stored] = raw as [AddedSuppression["outcome"], string];
    return outcome === "full" ? { outcome } : { outcome, suppression: JSON.parse(stored) as Suppression };
  },
});
const REMOVE = luaScript(new URL("./scripts/remove-suppression.lua", import.meta.url), {
  keys: ["suppressions", "order", "automatic"],
  args: ["id"],
  reply: Number,
});

/** Form of a list's cursor: time and id of an entry. */
export const SUPPRESSION_CURSOR = /^\d{13,15}\.acc_[A-Za-z0-9_-]{22}$/;

/** Stores suppression lists in Redis: a hash by id, and the order of its entries. */
export function redisSuppressions({ redis }: { readonly redis: RedisClient }): Suppressions {
  const run = scriptRunner(redis, { add: ADD, remove: REMOVE });
  const findAll: Suppressions["findAll"] = async (app, ids) => {
    if (ids.length === 0) return [];
    const stored = await redis.hmget(keys.suppressions(app), ...ids);
    return stored.map((entry) => (entry === null ? undefined : (JSON.parse(entry) as Suppression)));
  };
  return {
    add: (app, entry) =>
      run.add({
        keys: keysOf(app),
        args: {
          id: entry.id,
          entry: JSON.stringify(entry),
          isAutomatic: entry.reason !== "added",
          maxEntries: MAX_SUPPRESSIONS,
        },
      }),
    find: async (app, id) => (await findAll(app, [id]))[0],
    findAll,

    list: async (app, { limit, after }) => {
      const from = after === undefined ? "+" : `(${after}`;
      const positions = await redis.zrevrangebylex(keys.suppressionOrder(app), from, "-", "LIMIT", 0, limit + 1);
      const page = positions.slice(0, limit);
      const found = await findAll(app, page.map(idIn));
      const last = page.at(-1);
      return {
        suppressions: found.filter((entry) => entry !== undefined),
        ...(positions.length > limit && last !== undefined ? { next: last } : {}),
      };
    },

    remove: async (app, id) => (await run.remove({ keys: keysOf(app), args: { id } })) === 1,
  };
}

function keysOf(app: string) {
  return {
    suppressions: keys.suppressions(app),
    order: keys.suppressionOrder(app),
    automatic: keys.automaticSuppressions(app),
  };
}

/** Returns the id in an entry's position, `<ms>.<id>`. */
function idIn(position: string): string {
  return position.slice(position.indexOf(".") + 1);
}
