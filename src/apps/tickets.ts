import { createHash, randomBytes } from "node:crypto";
import { Refusal } from "../model/refusal.ts";
import { type ByteReservations, byteReservations } from "../redis/byte-reservations.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import type { Claims } from "./listener-token.ts";

/** Lifetime of an unredeemed ticket, in seconds. */
export const TICKET_SECONDS = 60;
/** Lifetime of a session after its last connect, in seconds. Longer than the maximum age of a stream. */
const SESSION_SECONDS = 3_600;

/** Bytes of tickets that a key may issue a minute, some 10,000 tickets. */
const MAX_TICKET_BYTES_PER_MINUTE = 4 * 1024 * 1024;

/** Bytes that Redis needs for a ticket beside its claims. */
const RECORD_BYTES = 200;

/** Claims of a ticket's token, with the key behind the token and the app. */
interface TicketClaims extends Claims {
  readonly keyId: string;
  readonly app: string;
}

/** The stream session of a redeemed ticket. */
interface TicketSession {
  readonly claims: TicketClaims;
  /** Present after the first redeeming: the secret for the session's cookie. */
  readonly secret?: string;
}

/** Tickets for query strings, valid once. Pages cannot set headers on an EventSource or a WebSocket. */
export interface Tickets {
  /**
   * Issues a ticket. Throws `Refusal`: `rate-limited` when a key issues too many bytes of tickets a minute,
   * `quota-exceeded` when tickets and their sessions use up the app's bytes.
   */
  readonly issue: (claims: TicketClaims) => Promise<string>;
  /**
   * Redeems a ticket, or resumes its session with the cookie's secret.
   * Undefined for an unknown or used ticket, or a wrong secret. Redis stores only hashes of both.
   */
  readonly redeem: (ticket: string, secret: string | undefined) => Promise<TicketSession | undefined>;
}

const TICKET_FORM = /^dgt_[A-Za-z0-9_-]{32}$/;

const REDEEM = luaScript(new URL("./scripts/redeem-ticket.lua", import.meta.url), {
  keys: ["ticket", "session"],
  args: ["secretHash", "ttlSeconds"],
});
const RESUME = luaScript(new URL("./scripts/resume-session.lua", import.meta.url), {
  keys: ["session"],
  args: ["secretHash", "ttlSeconds"],
});

/** Returns the name of a ticket's session cookie; a browser may have several tickets. */
export function ticketCookie(ticket: string): string {
  return `dragoman_t_${hashOf(ticket).slice(0, 16)}`;
}

/** Stores tickets in Redis. */
export function redisTickets({
  redis,
  bytes = byteReservations({ redis }),
}: {
  readonly redis: RedisClient;
  /** Share of bytes by app; default: unlimited. */
  readonly bytes?: ByteReservations;
}): Tickets {
  const run = scriptRunner(redis, { redeem: REDEEM, resume: RESUME });
  const ttlSeconds = SESSION_SECONDS;
  return {
    issue: async (claims) => {
      const ticket = `dgt_${randomBytes(24).toString("base64url")}`;
      const text = JSON.stringify(claims);
      await countBytes(redis, claims.keyId, text.length);
      const id = hashOf(ticket);
      await bytes.reserve(claims.app, reservationOf(id, text, TICKET_SECONDS));
      await redis.set(keys.ticket(id), text, "EX", TICKET_SECONDS);
      return ticket;
    },
    redeem: async (ticket, secret) => {
      if (!TICKET_FORM.test(ticket)) return undefined;
      const id = hashOf(ticket);
      const session = keys.ticketSession(id);
      const readClaims = async (text: string): Promise<TicketClaims> => {
        const claims = JSON.parse(text) as TicketClaims;
        await bytes.extend(claims.app, reservationOf(id, text, SESSION_SECONDS));
        return claims;
      };
      if (secret !== undefined) {
        const claims = await run.resume({ keys: { session }, args: { secretHash: hashOf(secret), ttlSeconds } });
        if (typeof claims === "string") return { claims: await readClaims(claims) };
      }
      const newSecret = randomBytes(24).toString("base64url");
      const claims = await run.redeem({
        keys: { ticket: keys.ticket(id), session },
        args: { secretHash: hashOf(newSecret), ttlSeconds },
      });
      return typeof claims === "string" ? { claims: await readClaims(claims), secret: newSecret } : undefined;
    },
  };
}

function reservationOf(id: string, text: string, seconds: number) {
  return { name: `ticket/${id}`, bytes: text.length + RECORD_BYTES, seconds };
}

/** Counts the bytes of a key's tickets by the minute; throws `Refusal` above the maximum. */
async function countBytes(redis: RedisClient, keyId: string, bytes: number): Promise<void> {
  const counter = keys.ticketBytes(keyId, Math.floor(Date.now() / 60_000));
  const replies = await redis.multi().incrby(counter, bytes).expire(counter, TICKET_SECONDS).exec();
  if (Number(replies?.[0]?.[1] ?? 0) <= MAX_TICKET_BYTES_PER_MINUTE) return;
  throw new Refusal("rate-limited", "Too many tickets in a minute.", undefined, { retryAfter: TICKET_SECONDS });
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
