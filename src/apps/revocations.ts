import type { Caller, Revocation } from "../model/caller.ts";
import { Refusal } from "../model/refusal.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";

/** Lifetime of a revocation: longer than any token (a day plus clock skew). */
export const REVOCATION_TTL_SECONDS = 86_400 + 300;

/** Maximum of an app's revocations in an hour. Revocations are kept for a day. */
const MAX_REVOCATIONS_PER_HOUR = 10_000;

/** Tokens revoked before their expiry. */
export interface Revocations {
  /**
   * Revokes a token, or a subject's tokens issued before a time. Live streams end within 1 s.
   * Throws `Refusal` `rate-limited` beyond an app's revocations of an hour.
   */
  readonly revoke: (app: string, revocation: TokenRevocation) => Promise<void>;
  readonly isRevoked: (caller: Caller) => Promise<boolean>;
}

/** A revocation of tokens; keys are revoked by the registry. */
export type TokenRevocation = Exclude<Revocation, { readonly keyId: string }>;

export interface RevocationsDeps {
  readonly redis: RedisClient;
  readonly appendControl: (app: string, revocation: Revocation) => Promise<unknown>;
}

const REVOKE_SUBJECT = luaScript(new URL("./scripts/revoke-subject.lua", import.meta.url), {
  keys: ["revokedSubject"],
  args: ["issuedBefore", "ttlSeconds"],
});

/** Stores revocations in Redis for as long as a revoked token could live. */
export function redisRevocations({ redis, appendControl }: RevocationsDeps): Revocations {
  const run = scriptRunner(redis, { revokeSubject: REVOKE_SUBJECT });
  const ttlSeconds = REVOCATION_TTL_SECONDS;
  return {
    revoke: async (app, revocation) => {
      await countRevocation(redis, app);
      if ("jti" in revocation) await redis.set(keys.revokedToken(app, revocation.jti), 1, "EX", ttlSeconds);
      else {
        await run.revokeSubject({
          keys: { revokedSubject: keys.revokedSubject(app, revocation.sub) },
          args: { issuedBefore: Math.ceil(revocation.issuedBefore), ttlSeconds },
        });
      }
      // Stored before the control entry: a stream opened after that entry is refused by the stored revocation.
      await appendControl(app, revocation);
    },
    isRevoked: async ({ app, jti, subject, issuedAt = 0 }) => {
      const revocationKeys = [
        ...(jti === undefined ? [] : [keys.revokedToken(app, jti)]),
        ...(subject === undefined ? [] : [keys.revokedSubject(app, subject)]),
      ];
      if (revocationKeys.length === 0) return false;
      const stored = await redis.mget(revocationKeys);
      const token = jti === undefined ? null : stored[0];
      const issuedBefore = subject === undefined ? null : stored.at(-1);
      return token != null || (issuedBefore != null && issuedAt < Number(issuedBefore));
    },
  };
}

/** Counts an app's revocations by the hour; throws `Refusal` above the maximum. */
async function countRevocation(redis: RedisClient, app: string): Promise<void> {
  const counter = keys.revocationCount(app, Math.floor(Date.now() / 3_600_000));
  const replies = await redis.multi().incr(counter).expire(counter, 3_600).exec();
  if (Number(replies?.[0]?.[1] ?? 0) <= MAX_REVOCATIONS_PER_HOUR) return;
  throw new Refusal("rate-limited", "Too many revocations in an hour: revoke subjects, or the key.", undefined, {
    retryAfter: 600,
  });
}
