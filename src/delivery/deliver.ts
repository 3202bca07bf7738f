import { Failure, toEventError } from "../model/failure.ts";
import type { LaneItem, LaneState } from "../outbox/outbox.ts";
import type { Platform } from "../platform/platform.ts";
import type { CrashIsolation } from "./crash-isolation.ts";
import { type FinalOutcome, ItemDelivery, type ItemDeliveryDeps } from "./item-delivery.ts";

export interface DeliverDeps extends ItemDeliveryDeps {
  /** Gate that all deliverers of the process share. */
  readonly isolation: CrashIsolation;
}

export type Deliver = (platform: Platform, item: LaneItem, signal: AbortSignal) => Promise<LaneState>;

/** Claims of an item, worker deaths included, before the item is a suspect. */
const MAX_SHARED_CLAIMS = 2;
/** Suspicion at which the gateway gives an item up: see the constants of crash-isolation.ts. */
const CONVICTING_SUSPICION = 4;

/**
 * Creates the function that delivers a lane's head and returns the lane's next state. That is the same item when the
 * signal aborted before it began. Every platform error becomes one result or one deferral. Throws only when Redis fails; then
 * the lane's job is tried again.
 */
export function deliverer(deps: DeliverDeps): Deliver {
  const { isolation } = deps;

  return async function deliver(platform, claimed, signal) {
    const item = (await deps.markSuppressed?.(platform, claimed)) ?? claimed;
    const delivery = new ItemDelivery(deps, platform, item);
    if (item.suspicion >= CONVICTING_SUSPICION) return delivery.finish(poisonOutcome(item));
    if (item !== claimed && !item.outcomes.includes(null)) return delivery.finishDecided();
    const run = (): Promise<LaneState> => delivery.run(signal);
    return item.claimCount > MAX_SHARED_CLAIMS
      ? isolation.runSuspect(claimed, run, signal)
      : isolation.runBeside(claimed, run, signal);
  };
}

const POISON = new Failure({
  kind: "permanent",
  code: "internal-error",
  detail: "Workers crashed while sending this activity, so the gateway gave up. Tell the operator.",
});

/** Returns the end of an item that crashes workers. After a commit nobody knows whether it had its effect. */
function poisonOutcome({ outcomes, outcomeUncertain }: LaneItem): FinalOutcome {
  const error = toEventError(POISON);
  return outcomeUncertain
    ? { status: "unknown", outcomes, error: { ...error, code: "outcome-unknown" } }
    : { status: "failed", outcomes, error };
}
