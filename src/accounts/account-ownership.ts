import { associatedData } from "../crypto/associated-data.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { SessionEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import type { ConnectionState } from "../platform/connection.ts";
import type { RedisClient } from "../redis/connect.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { APPEND_LUA } from "../redis/lua/append.ts";
import { scripts } from "../redis/script-runner.ts";

/** What its holder needs to know of an account. */
export interface OwnedAccount {
  readonly platform: string;
  readonly address: string;
  /** Of its credentials. */
  readonly version: string;
  /** Whether it is to be connected when nothing is to be done. */
  readonly online: boolean;
  readonly state: string;
  /** Why, where the state is a bad one. */
  readonly error?: EventError;
}

/** Who speaks about an account: its id, and the fence under which its shard is held. */
export interface Owner {
  readonly app: string;
  readonly id: string;
  readonly fence: number;
}

/** Another worker holds the account now: what this one still does about it must not be seen. */
export class OwnershipLost extends Error {
  constructor() {
    super("another worker holds this account now");
    this.name = "TakenOver";
  }
}

/** The state of accounts as only their holder may write it. */
export interface AccountOwnership {
  /** Takes an account over under the shard's fence; undefined when there is none. Throws `TakenOver`. */
  readonly adopt: (holder: Owner) => Promise<OwnedAccount | undefined>;
  /**
   * Stores how the connection stands and appends the event, unless `silently`. With a `version` only while the account
   * has these credentials; answers whether it was said. Throws `TakenOver`.
   */
  readonly say: (holder: Owner, event: SessionEvent, silently: boolean, version?: string) => Promise<boolean>;
  readonly notes: (holder: Owner) => ConnectionState;
  /** Sealed one by one to the workers' key. */
  readonly secrets: (holder: Owner) => ConnectionState;
  /** Those of a shard that are to be connected. */
  readonly wanted: (shard: number) => Promise<ReadonlyArray<{ readonly app: string; readonly id: string }>>;
}

/** KEYS: account; ARGV: fence. A fence only grows. */
const ADOPT_LUA = `
local r = redis.call('HMGET', KEYS[1], 'platform', 'address', 'version', 'online', 'state', 'fence', 'error')
if not r[3] then return {} end
if r[6] and tonumber(r[6]) > tonumber(ARGV[1]) then return { 'taken' } end
if r[6] ~= ARGV[1] then redis.call('HSET', KEYS[1], 'fence', ARGV[1]) end
return r
`;
/** Lua: `holds(account, fence)`; included by every script that writes as a holder. */
export const HOLDS_LUA = `
local function holds(account, fence)
  return redis.call('HGET', account, 'fence') == fence
end
`;
/** KEYS: account log epoch; ARGV: fence state error event|'' freshEpoch kept version|'' */
const SAY_LUA = `${HOLDS_LUA}${APPEND_LUA}
if not holds(KEYS[1], ARGV[1]) then return 'taken' end
if ARGV[7] ~= '' and redis.call('HGET', KEYS[1], 'version') ~= ARGV[7] then return 'old' end
redis.call('HSET', KEYS[1], 'state', ARGV[2])
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], 'error') else redis.call('HSET', KEYS[1], 'error', ARGV[3]) end
if ARGV[4] ~= '' then append(KEYS[2], KEYS[3], ARGV[5], ARGV[6], ARGV[4]) end
return 'said'
`;
/** KEYS: account notes; ARGV: fence name [value] */
const NOTE_LUA = `${HOLDS_LUA}
if not holds(KEYS[1], ARGV[1]) then return 'taken' end
if ARGV[3] then redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) else redis.call('HDEL', KEYS[2], ARGV[2]) end
return 'noted'
`;

/** Where a sealed note belongs. */
export function noteWhere(app: string, id: string, name: string): Buffer {
  return associatedData("note", app, id, name);
}

export interface HeldAccountsDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
  readonly eventsKept: number;
}

/** See `HeldAccounts`; one script, one round trip, per writing. */
export function accountOwnership({ redis, keyring, eventsKept }: HeldAccountsDeps): AccountOwnership {
  const run = scripts(redis, { ADOPT_LUA, SAY_LUA, NOTE_LUA });
  const fresh = epochGenerator();
  const mustHold = (answer: unknown): void => {
    if (answer === "taken") throw new OwnershipLost();
  };

  async function note({ app, id, fence }: Owner, place: string, name: string, value?: string): Promise<void> {
    const args = [fence, name, ...(value === undefined ? [] : [value])];
    mustHold(await run.NOTE_LUA([keys.account(app, id), place], args));
  }

  return {
    async adopt({ app, id, fence }) {
      const answer = (await run.ADOPT_LUA([keys.account(app, id)], [fence])) as Array<string | null>;
      const [platform, address, version, online, state, , error] = answer;
      mustHold(platform);
      if (!platform || !address || !version) return undefined;
      const note = error ? { error: JSON.parse(error) as EventError } : {};
      return { platform, address, version, online: online === "1", state: state ?? "stored", ...note };
    },

    async say({ app, id, fence }, event, silently, version = "") {
      const error = event.error === undefined ? "" : JSON.stringify(event.error);
      const text = silently ? "" : JSON.stringify(event);
      const names = [keys.account(app, id), keys.log(app), keys.epoch(app)];
      const answer = await run.SAY_LUA(names, [fence, event.state, error, text, fresh(), eventsKept, version]);
      mustHold(answer);
      return answer === "said";
    },

    notes: (holder) => {
      const place = keys.notes(holder.app, holder.id);
      return { read: () => redis.hgetall(place), write: (name, value) => note(holder, place, name, value) };
    },

    secrets: (holder) => {
      const place = keys.secretNotes(holder.app, holder.id);
      const aad = (name: string) => noteWhere(holder.app, holder.id, name);
      return {
        read: async () => {
          const sealed = Object.entries(await redis.hgetall(place));
          return Object.fromEntries(
            await Promise.all(
              sealed.map(async ([name, value]) => [name, await keyring.open(value, aad(name))] as const),
            ),
          );
        },
        write: async (name, value) =>
          note(holder, place, name, value === undefined ? undefined : await keyring.seal(value, aad(name))),
      };
    },

    async wanted(shard) {
      const lists = await Promise.all(keys.tags.map((tag) => redis.smembers(keys.wanted(tag, shard))));
      return lists.flat().map((member) => {
        const cut = member.indexOf("|");
        return { app: member.slice(0, cut), id: member.slice(cut + 1) };
      });
    },
  };
}
