import type { Caller, Revocation } from "../model/caller.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { REVOCATION_TTL_SECONDS } from "./registry-lua.ts";

/** Tokens ended before their time. */
export interface Revocations {
  /** Ends a token, or all of a subject issued before a time: for new requests at once, for live streams within 1 s. */
  readonly revoke: (app: string, revocation: TokenRevocation) => Promise<void>;
  readonly isRevoked: (caller: Caller) => Promise<boolean>;
}

/** A revocation of tokens; keys are revoked by the registry. */
export type TokenRevocation = Exclude<Revocation, { readonly keyId: string }>;

export interface RevocationsDeps {
  readonly redis: RedisClient;
  readonly appendControl: (app: string, revocation: Revocation) => Promise<unknown>;
}

/** KEYS: the subject's mark. ARGV: time, seconds to remember it. A later time is never taken back. */
const SUBJECT_LUA = `
local before = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%d', before), 'EX', ARGV[2])
return before
`;

/** Revocations in Redis, remembered for as long as a token they cover could live. */
export function redisRevocations({ redis, appendControl }: RevocationsDeps): Revocations {
  return {
    revoke: async (app, revocation) => {
      if ("jti" in revocation) await redis.set(keys.revokedToken(app, revocation.jti), 1, "EX", REVOCATION_TTL_SECONDS);
      else {
        const place = keys.revokedSubject(app, revocation.sub);
        await redis.eval(SUBJECT_LUA, 1, place, Math.ceil(revocation.issuedBefore), REVOCATION_TTL_SECONDS);
      }
      // The mark first: a stream that opens after the control entry passed is refused by the mark.
      await appendControl(app, revocation);
    },
    isRevoked: async ({ app, jti, subject, issuedAt = 0 }) => {
      const places = [
        ...(jti === undefined ? [] : [keys.revokedToken(app, jti)]),
        ...(subject === undefined ? [] : [keys.revokedSubject(app, subject)]),
      ];
      if (places.length === 0) return false;
      const marks = await redis.mget(places);
      const token = jti === undefined ? null : marks[0];
      const before = subject === undefined ? null : marks.at(-1);
      return token != null || (before != null && issuedAt < Number(before));
    },
  };
}
