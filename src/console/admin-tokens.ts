import { createHash, timingSafeEqual } from "node:crypto";
import { randomId } from "../apps/api-key.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import type { ConsoleSession } from "./console-sessions.ts";
import type { ConsoleUser } from "./console-user.ts";

/** Maximum number of admin tokens. */
export const MAX_ADMIN_TOKENS = 100;

/** Admin token as shown to operators. */
export interface AdminToken extends ConsoleUser {
  readonly id: string;
  /** RFC 3339. */
  readonly created: string;
  readonly expires: string;
}

/** Tokens by which programs administer the gateway, with the roles of console users. Redis stores only hashes. */
export interface AdminTokens {
  /** Makes a token; its text is shown once. Undefined where there are `MAX_ADMIN_TOKENS` already. */
  readonly create: (
    user: ConsoleUser,
    days: number,
  ) => Promise<{ readonly token: AdminToken; readonly text: string } | undefined>;
  readonly list: () => Promise<readonly AdminToken[]>;
  /** Returns false for an unknown id. */
  readonly revoke: (id: string) => Promise<boolean>;
  /** Finds the holder of a token, under the id of the token. Undefined for unknown, revoked and expired tokens. */
  readonly find: (text: string) => Promise<ConsoleSession | undefined>;
}

interface StoredToken extends AdminToken {
  readonly hash: string;
}

const SECRET_LENGTH = 43;
const FORM = /^dga_([0-9A-Za-z]{12})_[0-9A-Za-z]{43}$/;
const DAY_MS = 86_400_000;

/** Keeps admin tokens in one hash of Redis. Each use asks Redis, so that a revoked token is refused at once. */
export function adminTokens({ redis }: { readonly redis: RedisClient }): AdminTokens {
  const all = async (): Promise<readonly StoredToken[]> => (await redis.hvals(keys.adminTokens)).map(parseToken);
  const isLive = ({ expires }: AdminToken): boolean => Date.parse(expires) > Date.now();
  return {
    create: async ({ name, role }, days) => {
      const stored = await all();
      const expired = stored.filter((token) => !isLive(token));
      if (expired.length > 0) await redis.hdel(keys.adminTokens, ...expired.map(({ id }) => id));
      if (stored.length - expired.length >= MAX_ADMIN_TOKENS) return undefined;
      const now = Date.now();
      const id = randomId();
      const text = `dga_${id}_${randomId(SECRET_LENGTH)}`;
      const created = new Date(now).toISOString();
      const expires = new Date(now + days * DAY_MS).toISOString();
      const token = { id, name, role, created, expires };
      await redis.hset(keys.adminTokens, id, JSON.stringify({ ...token, hash: hashOf(text).toString("hex") }));
      return { token, text };
    },
    list: async () =>
      (await all())
        .filter(isLive)
        .map(({ hash: _, ...token }) => token)
        .sort((a, b) => (a.created < b.created ? -1 : 1)),
    revoke: async (id) => (await redis.hdel(keys.adminTokens, id)) === 1,
    find: async (text) => {
      const id = FORM.exec(text)?.[1];
      const stored = id === undefined ? null : await redis.hget(keys.adminTokens, id);
      if (stored === null) return undefined;
      const token = parseToken(stored);
      if (!timingSafeEqual(Buffer.from(token.hash, "hex"), hashOf(text)) || !isLive(token)) return undefined;
      return {
        id: token.id,
        name: token.name,
        role: token.role,
        expires: Math.floor(Date.parse(token.expires) / 1_000),
      };
    },
  };
}

function parseToken(stored: string): StoredToken {
  return JSON.parse(stored) as StoredToken;
}

/** Returns the hash of a token. SHA-256 is enough for 256 random bits. */
function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
