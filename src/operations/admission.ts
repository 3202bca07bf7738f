import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { tokenShareOf } from "../model/caller.ts";
import { Refusal, type RefusalCode } from "../model/refusal.ts";
import type { Pressure } from "../redis/server-facts.ts";

export interface AdmissionDeps {
  /** Activities a second that an app may post to this process. */
  readonly rate: number;
  /** Memory pressure of Redis: new work is refused long before Redis itself refuses. */
  readonly redis: () => Pressure;
  readonly draining: () => boolean;
}

/** What an app may still post to this process in the current second. */
export interface RateAllowance {
  /** Activities a second. */
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until `limit` is available again. */
  readonly resetSeconds: number;
}

export interface Admission {
  readonly admit: Admit;
  readonly allowanceOf: (app: string) => Promise<RateAllowance>;
}

/** Throws a `Refusal` when the gateway, app or token's user can't have more work. */
export type Admit = (app: string, tokenUser?: string) => Promise<void>;

/** Makes the admission control of a process. Refuses early and says when to retry (promises "honest" and "bounded"). */
export function admission({ rate, redis, draining }: AdmissionDeps): Admission {
  const limiter = new RateLimiterMemory({ points: rate, duration: 1 });
  const tokenRate = tokenShareOf(rate);
  const tokenLimiter = new RateLimiterMemory({ points: tokenRate, duration: 1 });
  const allowanceOf = async (app: string): Promise<RateAllowance> => {
    const used = await limiter.get(app);
    return {
      limit: rate,
      remaining: Math.max(0, used?.remainingPoints ?? rate),
      resetSeconds: Math.max(0, Math.ceil((used?.msBeforeNext ?? 0) / 1_000)),
    };
  };
  const admit: Admit = async (app, tokenUser) => {
    if (draining()) throw refusal("shutting-down", "Send it again in a moment, with the same rid.", 2);
    const pressure = redis();
    if (pressure === "hard") throw refusal("overloaded", "The store is nearly full; the operator was told.", 30);
    if (pressure === "soft")
      throw refusal("rate-limited", "The store runs full; send it again later, with the same rid.", 10);
    // A token that exceeds its own part takes nothing from the app's.
    if (tokenUser !== undefined) {
      await tokenLimiter.consume(`${app} ${tokenUser}`).catch((thrown: unknown) => {
        if (!(thrown instanceof RateLimiterRes)) throw thrown;
        throw refusal("rate-limited", `A token may post ${tokenRate} activities a second here.`, 1);
      });
    }
    await limiter.consume(app).catch((thrown: unknown) => {
      if (!(thrown instanceof RateLimiterRes)) throw thrown;
      throw refusal("rate-limited", `An app may post ${rate} activities a second here.`, 1);
    });
  };
  return { admit, allowanceOf };
}

function refusal(code: RefusalCode, detail: string, retryAfter: number): Refusal {
  return new Refusal(code, detail, undefined, { retryAfter });
}
