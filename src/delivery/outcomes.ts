import type { FinalStatus } from "../model/event.ts";
import type { TargetOutcomes } from "../model/event-builders.ts";
import type { EventError } from "../model/failure.ts";
import type { Outcome } from "../platform/platform.ts";

/** Returns the first error among the outcomes. */
export function firstError(outcomes: TargetOutcomes): EventError | undefined {
  return outcomes.find((outcome) => outcome?.error !== undefined)?.error;
}

/** Fills the outcomes of the pending targets in; deferred targets stay undecided. */
export function mergeOutcomes(known: TargetOutcomes, attempted: readonly Outcome[]): TargetOutcomes {
  const queue = [...attempted];
  return known.map((outcome) => {
    if (outcome !== null) return outcome;
    const next = queue.shift();
    if (!next || next.status === "deferred") return null;
    const { retryAfterMs: _, ...ended } = next;
    return ended;
  });
}

/** Returns one status for all targets: shared, or `partial`. Targets without outcome count as `undecided`. */
export function summaryStatus(outcomes: TargetOutcomes, undecided: FinalStatus): FinalStatus {
  const statuses = new Set(outcomes.map((outcome) => (outcome?.status ?? undecided) as FinalStatus));
  const [first] = statuses;
  if (first === undefined) return undecided;
  if (statuses.size === 1) return first;
  return statuses.has("sent") ? "partial" : statuses.has("unknown") ? "unknown" : "failed";
}
