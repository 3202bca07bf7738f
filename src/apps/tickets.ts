import { createHash, randomBytes } from "node:crypto";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import type { Claims } from "./listener-token.ts";

/** How long a ticket waits to be redeemed, in seconds. */
export const TICKET_SECONDS = 60;
/** How long its session outlives the last connect, in seconds: longer than a stream's age, so that it never ends one. */
const SESSION_SECONDS = 3_600;

/** What a ticket or its session stands for: the claims of a token and the key they hang on. */
interface TicketClaims extends Claims {
  readonly keyId: string;
}

/** A stream session that a ticket was redeemed into. */
interface TicketSession {
  readonly claims: TicketClaims;
  /** Set on the redeeming: the secret that the session's cookie carries. */
  readonly secret?: string;
}

/** One-time tickets for query strings: a page can't set headers on an EventSource or a WebSocket. */
export interface Tickets {
  readonly issue: (claims: TicketClaims) => Promise<string>;
  /**
   * Redeems a ticket, or resumes its session with the cookie's secret; only hashes of either are stored. Undefined for
   * an unknown ticket, one that was used, or a wrong secret.
   */
  readonly redeem: (ticket: string, secret: string | undefined) => Promise<TicketSession | undefined>;
}

const FORM = /^dgt_[A-Za-z0-9_-]{32}$/;

/** KEYS: ticket, session. ARGV: hash of the session's secret, seconds it lasts. Answers the claims. */
const REDEEM_LUA = `
local claims = redis.call('GETDEL', KEYS[1])
if not claims then return false end
redis.call('HSET', KEYS[2], 'secret', ARGV[1], 'claims', claims)
redis.call('EXPIRE', KEYS[2], ARGV[2])
return claims
`;
/** KEYS: session. ARGV as above: using a session keeps it. */
const RESUME_LUA = `
if redis.call('HGET', KEYS[1], 'secret') ~= ARGV[1] then return false end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return redis.call('HGET', KEYS[1], 'claims')
`;

/** The cookie that carries a ticket's session: several tickets of one browser don't get in each other's way. */
export function ticketCookie(ticket: string): string {
  return `dragoman_t_${hash(ticket).slice(0, 16)}`;
}

/** Tickets in Redis. */
export function redisTickets(redis: RedisClient): Tickets {
  return {
    issue: async (claims) => {
      const ticket = `dgt_${randomBytes(24).toString("base64url")}`;
      await redis.set(keys.ticket(hash(ticket)), JSON.stringify(claims), "EX", TICKET_SECONDS);
      return ticket;
    },
    redeem: async (ticket, secret) => {
      if (!FORM.test(ticket)) return undefined;
      const id = hash(ticket);
      if (secret !== undefined) {
        const claims = await redis.eval(RESUME_LUA, 1, keys.ticketSession(id), hash(secret), SESSION_SECONDS);
        if (typeof claims === "string") return { claims: JSON.parse(claims) };
      }
      const fresh = randomBytes(24).toString("base64url");
      const places = [keys.ticket(id), keys.ticketSession(id)];
      const claims = await redis.eval(REDEEM_LUA, 2, ...places, hash(fresh), SESSION_SECONDS);
      return typeof claims === "string" ? { claims: JSON.parse(claims), secret: fresh } : undefined;
    },
  };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
