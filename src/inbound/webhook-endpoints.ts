import { randomBytes } from "node:crypto";
import { ulid } from "ulid";
import { associatedData } from "../crypto/associated-data.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { VerificationSecrets, WebhookEndpoint } from "../platform/inbound-webhook.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";

export interface DoorsDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
}

/**
 * Doors that networks push to: each an id that nobody can guess, leading to an app's account (or whatever else the
 * `subject` names) at a platform, with what pushes are checked with.
 */
export interface WebhookEndpoints {
  /** Opens a door and answers its id; one that is open keeps its id and gets these secrets and this `Push.mate`. */
  readonly open: (
    app: string,
    platform: string,
    subject: string,
    secrets: VerificationSecrets,
    mate?: string,
  ) => Promise<string>;
  readonly idOf: (app: string, platform: string, subject: string) => Promise<string | undefined>;
  /** The id of the app's door with that `Push.mate`; of several the one that was opened last. */
  readonly mate: (app: string, platform: string, mate: string) => Promise<string | undefined>;
  /** What lies behind an id; undefined for one that nobody has, or another platform's. */
  readonly find: (
    platform: string,
    id: string,
  ) => Promise<(WebhookEndpoint & { readonly secrets: VerificationSecrets }) | undefined>;
  readonly close: (app: string, platform: string, subject: string) => Promise<void>;
}

const ID = /^[A-Za-z0-9_-]{24}$/;

/** Forgets a door's name, unless it is another door's meanwhile. */
const UNMATE_LUA = `
local function unmate(index, key, id)
  local mate = redis.call('HGET', key, 'mate')
  if mate and mate ~= '' and redis.call('HGET', index, mate) == id then redis.call('HDEL', index, mate) end
end
`;
/** KEYS: index; ARGV: member fresh prefix mate|'' fields…. The door's own key lies in the index' slot. */
const OPEN_LUA = `${UNMATE_LUA}
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
local id = redis.call('HGET', KEYS[1], ARGV[1])
unmate(KEYS[1], ARGV[3] .. id, id)
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], ARGV[4], id) end
redis.call('HSET', ARGV[3] .. id, 'mate', unpack(ARGV, 4))
return id
`;
/** KEYS: index; ARGV: member prefix */
const CLOSE_LUA = `${UNMATE_LUA}
local id = redis.call('HGET', KEYS[1], ARGV[1])
if not id then return 0 end
unmate(KEYS[1], ARGV[2] .. id, id)
redis.call('DEL', ARGV[2] .. id)
return redis.call('HDEL', KEYS[1], ARGV[1])
`;

/** Where a door's secrets belong. */
export function doorWhere(app: string, platform: string, subject: string, version: string): Buffer {
  return associatedData("door", app, platform, subject, version);
}

/** Doors in Redis; their secrets are sealed under the shared key, since the API itself checks pushes (promise G8). */
export function redisDoors({ redis, keyring }: DoorsDeps): WebhookEndpoints {
  const memberOf = (platform: string, subject: string) => `${platform}|${subject}`;
  /** No subject begins like this, so it is never a door's own place. */
  const mateOf = (platform: string, mate: string) => memberOf(platform, `|${mate}`);
  return {
    async open(app, platform, subject, secrets, mate) {
      const version = ulid();
      const where = doorWhere(app, platform, subject, version);
      const sealed = await keyring.sealShared(Buffer.from(JSON.stringify(secrets)), where);
      const fields = Object.entries({ app, platform, subject, version, sealed }).flat();
      const fresh = randomBytes(18).toString("base64url");
      const named = mate === undefined ? "" : mateOf(platform, mate);
      const args = [memberOf(platform, subject), fresh, keys.door(""), named, ...fields];
      return (await redis.eval(OPEN_LUA, 1, keys.webhookEndpoints(app), ...args)) as string;
    },

    idOf: async (app, platform, subject) =>
      (await redis.hget(keys.webhookEndpoints(app), memberOf(platform, subject))) ?? undefined,

    mate: async (app, platform, mate) =>
      (await redis.hget(keys.webhookEndpoints(app), mateOf(platform, mate))) ?? undefined,

    async find(platform, id) {
      if (!ID.test(id)) return undefined;
      const door = await redis.hgetall(keys.door(id));
      const { app, subject, version, sealed } = door;
      if (!app || !subject || !version || !sealed || door.platform !== platform) return undefined;
      const text = (await keyring.openShared(sealed, doorWhere(app, platform, subject, version))).toString("utf8");
      return { app, subject, secrets: JSON.parse(text) as VerificationSecrets };
    },

    async close(app, platform, subject) {
      await redis.eval(CLOSE_LUA, 1, keys.webhookEndpoints(app), memberOf(platform, subject), keys.door(""));
    },
  };
}
