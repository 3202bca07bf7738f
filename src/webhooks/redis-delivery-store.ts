import type { Keyring } from "../crypto/keyring.ts";
import { parseCursor } from "../event-log/cursor.ts";
import type { RedisClient } from "../redis/connect.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { scripts } from "../redis/script-runner.ts";
import {
  type Claim,
  type Health,
  type Held,
  type HookWork,
  LEASE_MS,
  type Settlement,
  type Tries,
} from "./delivery-store.ts";
import { hookWhere } from "./redis-webhooks.ts";
import { CLAIM_LUA, RELEASE_LUA, RENEW_LUA, SETTLE_LUA } from "./scripts.ts";
import { DELIVERIES_KEPT } from "./webhook.ts";

export interface RedisHookWorkDeps {
  readonly redis: RedisClient;
  readonly keyring: Pick<Keyring, "open">;
  readonly eventsKept: number;
}

const PAGE = 500;
const FRESH: Health = { misses: 0, retryAt: 0 };

/** The workers' side of hooks: each call is one atomic script, fenced, so that one worker delivers one hook. */
export function redisHookWork({ redis, keyring, eventsKept }: RedisHookWorkDeps): HookWork {
  const run = scripts(redis, { CLAIM_LUA, RELEASE_LUA, RENEW_LUA, SETTLE_LUA });
  const freshEpoch = epochGenerator();

  async function heldOf({ app, name }: Claim): Promise<Held[]> {
    const held: Held[] = [];
    for (let after = "-"; ; ) {
      const page = await redis.xrange(keys.hookHeld(app, name), after, "+", "COUNT", PAGE);
      for (const [place, fields] of page) held.push({ place, conversation: fields[1] ?? "" });
      if (page.length < PAGE) return held;
      after = `(${page.at(-1)?.[0]}`;
    }
  }

  return {
    claim: async (tag) => {
      const flat = (await run.CLAIM_LUA([keys.hooked(tag), keys.fences(tag)], [tag, LEASE_MS])) as string[];
      const claims: Claim[] = [];
      for (let at = 0; at < flat.length; at += 2) {
        const [app = "", name = ""] = flat[at]?.split("|") ?? [];
        claims.push({ app, name, fence: flat[at + 1] as string });
      }
      return claims;
    },

    renew: async ({ app, name, fence }) => {
      const places = [keys.hookLease(app, name), keys.hook(app, name), keys.hookTests(app, name)];
      const [version, moves = "0", test = ""] = (await run.RENEW_LUA(places, [fence, LEASE_MS])) as string[];
      if (version === undefined) return undefined;
      return { version, moves, ...(test === "" ? {} : { test: JSON.parse(test) as [string, string] }) };
    },

    release: async ({ app, name, fence }) => {
      await run.RELEASE_LUA([keys.hookLease(app, name)], [fence]);
    },

    load: async (claim) => {
      const { app, name, fence } = claim;
      const record = await redis.hgetall(keys.hook(app, name));
      if (record.url === undefined || record.state !== "active" || record.fence !== fence) return undefined;
      const [secret, held, tries] = await Promise.all([
        keyring.open(record.secret ?? "", hookWhere(app, name, record.secretVersion ?? "")),
        heldOf(claim),
        redis.hgetall(keys.hookTries(app, name)),
      ]);
      return {
        url: record.url,
        filter: JSON.parse(record.filter ?? "{}"),
        secret,
        version: record.version ?? "",
        moves: record.moves ?? "0",
        cursor: parseCursor(record.cursor ?? ""),
        asStored: record.cursor ?? "",
        held,
        tries: new Map(Object.entries(tries).map(([conversation, json]) => [conversation, JSON.parse(json) as Tries])),
        health: record.health === undefined ? FRESH : (JSON.parse(record.health) as Health),
      };
    },

    held: async ({ app, name }, place) => {
      const [entry] = await redis.xrange(keys.hookHeld(app, name), place, place);
      const fields = entry?.[1] ?? [];
      return fields.length < 6 ? undefined : { id: fields[3] as string, json: fields[5] as string };
    },

    settle: async (claim, settlement) => {
      const { app, name } = claim;
      const places = [
        keys.hook(app, name),
        keys.hookHeld(app, name),
        keys.hookTries(app, name),
        keys.hookSent(app, name),
        keys.hooked(keys.tagOf(app)),
        keys.log(app),
        keys.epoch(app),
      ];
      const answer = (await run.SETTLE_LUA(places, wordsOf(claim, settlement, freshEpoch(), eventsKept))) as string[];
      const [outcome, ...held] = answer;
      return outcome === "settled" ? { outcome, places: held } : { outcome: outcome === "moved" ? "moved" : "lost" };
    },

    record: async ({ app, name }, delivery) => {
      const place = keys.hookSent(app, name);
      await redis
        .multi()
        .lpush(place, JSON.stringify(delivery))
        .ltrim(place, 0, DELIVERIES_KEPT - 1)
        .exec();
    },
  };
}

/** The arguments of the one script that writes a turn down; lists go in with their length in front. */
function wordsOf(claim: Claim, settlement: Settlement, epoch: string, kept: number): Array<string | number> {
  const { moves, cursor = "", hold, drop, tries, health, deliveries, events, disable } = settlement;
  const newest = deliveries.slice(-DELIVERIES_KEPT);
  return [
    claim.fence,
    moves,
    cursor,
    JSON.stringify(health),
    disable === undefined ? "" : JSON.stringify(disable),
    `${claim.app}|${claim.name}`,
    epoch,
    kept,
    DELIVERIES_KEPT,
    hold.length,
    ...hold.flatMap(({ conversation, id, json }) => [conversation, id, json]),
    drop.length,
    ...drop,
    tries.size,
    ...[...tries].flatMap(([conversation, one]) => [conversation, one === undefined ? "" : JSON.stringify(one)]),
    newest.length,
    ...newest.map((one) => JSON.stringify(one)),
    events.length,
    ...events.map((one) => JSON.stringify(one)),
  ];
}
