import type { TargetOutcome } from "../model/event.ts";
import { type Failure, toEventError } from "../model/failure.ts";
import { optional } from "../model/optional.ts";

/** Outcome of one target. `deferred` leaves the target to the next attempt. */
export interface Outcome extends TargetOutcome {
  readonly status: "sent" | "failed" | "deferred" | "unknown";
  readonly retryAfterMs?: number;
}

/** Returns the outcome of a target that failed. `deferred` for a wait, `unknown` where it may have landed, else `failed`. */
export function outcomeOf(address: string, failure: Failure): Outcome {
  const waits = failure.kind === "retryable" || failure.kind === "rate-limited";
  return {
    address,
    status: failure.mayHaveLanded ? "unknown" : waits ? "deferred" : "failed",
    error: toEventError(failure),
    ...optional("retryAfterMs", failure.retryAfterMs),
  };
}

/** Outcomes of one attempt: one per pending target, in their order. `object` goes into the result event. */
export interface Receipt {
  readonly outcomes: readonly Outcome[];
  readonly object?: Readonly<Record<string, unknown>>;
}
