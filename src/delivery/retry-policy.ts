import type { Failure } from "../model/failure.ts";

/** Waits that a network's rate limit imposes may lengthen a lifetime by this much in all. */
export const EXTENSION_MOST_MS = 7 * 24 * 3_600_000;
/** A bound behind the bound: even the longest lifetime ends after this many attempts. */
export const ATTEMPTS_MOST = 100;

export interface RetryFacts {
  /** Attempts that ended, this one included. */
  readonly attempts: number;
  readonly now: number;
  readonly expiresAt: number;
  readonly lifetimeMs: number;
  readonly extendedMs: number;
  /** 0 to 1, for jitter. */
  readonly random: number;
}

export type Step =
  | { readonly again: true; readonly delayMs: number; readonly extendMs: number }
  | { readonly again: false };

/**
 * What to do after a failed attempt: exponential backoff from 1 s with jitter, capped at a 48th of the lifetime (mail:
 * an hour), as long as the next try lies within the lifetime. A network's own wait replaces the computed one; rate-limit
 * waits don't count against the lifetime, up to 7 days in all.
 */
export function nextStep(failure: Pick<Failure, "kind" | "retryAfterMs">, facts: RetryFacts): Step {
  if (failure.kind !== "retryable" && failure.kind !== "rate-limited") return { again: false };
  if (facts.attempts >= ATTEMPTS_MOST) return { again: false };
  const cap = Math.max(5_000, facts.lifetimeMs / 48);
  // Waits for a rate limit are not counted as attempts, so what does not say how long waits the longest.
  const doubled = failure.kind === "rate-limited" ? cap : 1_000 * 2 ** Math.min(facts.attempts - 1, 20);
  const computed = Math.min(cap, doubled) * (0.5 + facts.random / 2);
  const delayMs = Math.ceil(failure.retryAfterMs ?? computed);
  const extendMs = failure.kind === "rate-limited" ? Math.min(delayMs, EXTENSION_MOST_MS - facts.extendedMs) : 0;
  if (facts.now + delayMs >= facts.expiresAt + Math.max(0, extendMs)) return { again: false };
  return { again: true, delayMs, extendMs: Math.max(0, extendMs) };
}
