import type { Failure } from "../model/failure.ts";
import { backoff } from "../timing/backoff.ts";

/** Bound by which waits for a network's rate limit may lengthen a lifetime, in all. */
export const MAX_EXTENSION_MS = 7 * 24 * 3_600_000;
/** Bound of attempts, also for the longest lifetime. */
export const MAX_ATTEMPTS = 100;

export interface RetryFacts {
  /** Attempts that ended, this one included. */
  readonly attempts: number;
  readonly now: number;
  readonly expiresAt: number;
  readonly lifetimeMs: number;
  readonly extendedMs: number;
  /** Random number for the jitter, 0 to 1. */
  readonly random: number;
}

export type Step =
  | { readonly shouldRetry: true; readonly delayMs: number; readonly extendMs: number }
  | { readonly shouldRetry: false };

/** Smallest cap of the backoff, for short lifetimes. */
const MIN_CAP_MS = 5_000;

/**
 * Decides about another attempt after a failed one, and its delay.
 * Exponential backoff from 1 s with jitter, capped at a 48th of the lifetime (mail: an hour), as long as the next
 * attempt lies within the lifetime. A network's own wait replaces the computed one; rate-limit waits don't count against
 * the lifetime, up to 7 days in all.
 */
export function nextStep(failure: Pick<Failure, "kind" | "retryAfterMs">, facts: RetryFacts): Step {
  if (failure.kind !== "retryable" && failure.kind !== "rate-limited") return { shouldRetry: false };
  if (facts.attempts >= MAX_ATTEMPTS) return { shouldRetry: false };
  const isRateLimited = failure.kind === "rate-limited";
  const delayMs = Math.ceil(failure.retryAfterMs ?? computedDelay(isRateLimited, facts));
  const extendMs = isRateLimited ? Math.max(0, Math.min(delayMs, MAX_EXTENSION_MS - facts.extendedMs)) : 0;
  if (facts.now + delayMs >= facts.expiresAt + extendMs) return { shouldRetry: false };
  return { shouldRetry: true, delayMs, extendMs };
}

/** Returns the delay by backoff. A rate limit without a time gets the cap, since attempts are not counted. */
function computedDelay(isRateLimited: boolean, { attempts, lifetimeMs, random }: RetryFacts): number {
  const maxMs = Math.max(MIN_CAP_MS, lifetimeMs / 48);
  return backoff({ baseMs: isRateLimited ? maxMs : 1_000, maxMs, random: () => random })(attempts);
}
