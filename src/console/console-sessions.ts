import { createHash, randomBytes } from "node:crypto";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import type { ConsoleUser } from "./console-user.ts";

/** Lifetime of an unused sign-in link, in seconds. */
export const LINK_SECONDS = 600;

/** Signed-in console user. */
export interface ConsoleSession extends ConsoleUser {
  /** Names the session in the audit log; no secret. */
  readonly id: string;
  /** Unix seconds. */
  readonly expires: number;
}

/** Sign-in links and sessions of the console. Redis stores only hashes of the secrets. */
export interface ConsoleSessions {
  /** Makes the secret of a sign-in link, valid once within `LINK_SECONDS`. */
  readonly issueLink: (user: ConsoleUser) => Promise<string>;
  /** Uses a link up. Returns the session and its cookie's secret, or undefined for an unknown, used or old link. */
  readonly redeem: (link: string) => Promise<{ readonly session: ConsoleSession; readonly secret: string } | undefined>;
  readonly find: (secret: string) => Promise<ConsoleSession | undefined>;
  readonly end: (secret: string) => Promise<void>;
}

const LINK_FORM = /^dgc_[A-Za-z0-9_-]{32}$/;
const SECRET_FORM = /^[A-Za-z0-9_-]{43}$/;

/** Keeps links and sessions in Redis. `hours` is the lifetime of a session. */
export function consoleSessions({
  redis,
  hours,
}: {
  readonly redis: RedisClient;
  readonly hours: number;
}): ConsoleSessions {
  return {
    issueLink: async ({ name, role }) => {
      const link = `dgc_${randomBytes(24).toString("base64url")}`;
      await redis.set(keys.consoleLink(hashOf(link)), JSON.stringify({ name, role }), "EX", LINK_SECONDS);
      return link;
    },
    redeem: async (link) => {
      const stored = LINK_FORM.test(link) ? await redis.getdel(keys.consoleLink(hashOf(link))) : null;
      if (stored === null) return undefined;
      const { name, role } = JSON.parse(stored) as ConsoleUser;
      const secret = randomBytes(32).toString("base64url");
      const seconds = hours * 3_600;
      const expires = Math.floor(Date.now() / 1_000) + seconds;
      const session = { id: randomBytes(6).toString("hex"), name, role, expires };
      await redis.set(keys.consoleSession(hashOf(secret)), JSON.stringify(session), "EX", seconds);
      return { session, secret };
    },
    find: async (secret) => {
      const stored = SECRET_FORM.test(secret) ? await redis.get(keys.consoleSession(hashOf(secret))) : null;
      return stored === null ? undefined : (JSON.parse(stored) as ConsoleSession);
    },
    end: async (secret) => {
      await redis.del(keys.consoleSession(hashOf(secret)));
    },
  };
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
