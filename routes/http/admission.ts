import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Pressure } from "../../src/redis/server-facts.ts";
import { Problem } from "./problem.ts";

export interface PressureDeps {
  /** Activities a second that an app may post to this process. */
  readonly rate: number;
  /** How full Redis is: new work is refused long before it refuses. */
  readonly redis: () => Pressure;
  readonly draining: () => boolean;
}

/** Throws a `Problem` when the gateway, or this app, can't take one more activity right now. */
export type AdmitOne = (app: string) => Promise<void>;

/** Refuses early and with a time to come back (promises G2, G9). */
export function admission({ rate, redis, draining }: PressureDeps): AdmitOne {
  const limiter = new RateLimiterMemory({ points: rate, duration: 1 });
  return async (app) => {
    if (draining())
      throw new Problem("shutting-down", "Send it again in a moment, with the same rid.", {
        retryAfter: 2,
        headers: { Connection: "close" },
      });
    const pressure = redis();
    if (pressure === "hard")
      throw new Problem("overloaded", "The store is nearly full; the operator was told.", { retryAfter: 30 });
    if (pressure === "soft")
      throw new Problem("rate-limited", "The store runs full; send it again later, with the same rid.", {
        retryAfter: 10,
      });
    await limiter.consume(app).catch((refused: unknown) => {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new Problem("rate-limited", `An app may post ${rate} activities a second here.`, { retryAfter: 1 });
    });
  };
}
