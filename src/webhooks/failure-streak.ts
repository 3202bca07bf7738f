import { MAX_DELAY_MS } from "./backoff.ts";

/** Failures since the last success: the evidence for giving up. Times are Unix ms by Redis' clock. */
export interface FailureStreak {
  readonly since: number;
  readonly lastAt: number;
  /** Milliseconds of failing that attempts bear out. */
  readonly failingMs: number;
}

/**
 * Adds a failure to a streak; `plannedAt` is when the attempt was due.
 * The pause before it counts as long as planned, and an hour more at most. A clock that jumps, or a night without
 * workers, is no evidence against a receiver.
 */
export function extendStreak(streak: FailureStreak | undefined, plannedAt: number, now: number): FailureStreak {
  if (streak === undefined) return { since: now, lastAt: now, failingMs: 0 };
  const planned = Math.max(0, plannedAt - streak.lastAt);
  const passed = Math.max(0, Math.min(now - streak.lastAt, planned + MAX_DELAY_MS));
  return { since: streak.since, lastAt: now, failingMs: streak.failingMs + passed };
}
