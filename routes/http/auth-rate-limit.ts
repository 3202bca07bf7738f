import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { Problem } from "./problem.ts";

/** Maximum of wrong keys or tokens of a client in a minute. */
const MAX_FAILURES_PER_MINUTE = 20;

/** Counts wrong keys and tokens by client; throws `Problem` `rate-limited` when there were too many. */
export type CountFailedAuth = (req: IncomingMessage) => Promise<void>;

/**
 * Slows guessing down. Only wrong credentials are counted and refused, so whoever shares the address with a guesser
 * and holds a right one is served as ever; 256 random bits are what makes guessing hopeless.
 */
export function authRateLimit(clientIp: (req: IncomingMessage) => string): CountFailedAuth {
  const limiter = new RateLimiterMemory({ points: MAX_FAILURES_PER_MINUTE, duration: 60 });
  return async (req) => {
    try {
      await limiter.consume(bucketOf(clientIp(req)));
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      const retryAfter = Math.max(1, Math.ceil(refused.msBeforeNext / 1_000));
      throw new Problem(
        "rate-limited",
        "Too many wrong keys or tokens came from this address; wait, then use a valid one.",
        {
          retryAfter,
        },
      );
    }
  };
}

/** IPv6 clients own whole /64 networks; hashing into 65,536 buckets bounds the memory. */
function bucketOf(ip: string): string {
  let client = ip;
  if (ipaddr.isValid(ip)) {
    const address = ipaddr.process(ip);
    if (address.kind() === "ipv6") client = address.toByteArray().slice(0, 8).join(".");
    else client = address.toString();
  }
  return createHash("sha256").update(client).digest("hex").slice(0, 4);
}
