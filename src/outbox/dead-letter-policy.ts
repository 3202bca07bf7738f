import type { ResultEvent, TargetOutcome } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";

/** Lifetime of a dead letter. */
export const DEAD_LETTER_TTL_SECONDS = 7 * 24 * 3_600;
/** Maximum number of an app's dead letters; the oldest make room. */
export const MAX_DEAD_LETTERS = 1_000;

/** Returns whether a later try may help: a short lifetime, or workers that gave up. */
function isWorthRetrying(error: EventError | undefined): boolean {
  return error !== undefined && (error.retryable || error.code === "internal-error");
}

/** Returns whether a replay should include a target. Excludes sent, uncertain and permanently refused targets. */
export function isUndelivered(target: TargetOutcome): boolean {
  return target.status === "expired" || (target.status === "failed" && isWorthRetrying(target.error));
}

/** Returns whether an activity is a dead letter: undelivered after attempts. */
export function isDeadLetter({ status, attempts, target, error }: ResultEvent): boolean {
  if (attempts === 0) return false;
  if (status === "expired") return true;
  if (status !== "failed" && status !== "partial") return false;
  return target.length === 0 ? isWorthRetrying(error) : target.some(isUndelivered);
}
