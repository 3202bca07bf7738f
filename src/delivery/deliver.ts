import { Failure, toEventError } from "../model/failure.ts";
import type { LaneItem, LaneState } from "../outbox/outbox.ts";
import type { Platform } from "../platform/platform.ts";
import { type DeliverDeps, ItemDelivery } from "./item-delivery.ts";

export type { DeliverDeps } from "./item-delivery.ts";

export type Deliver = (platform: Platform, item: LaneItem, signal: AbortSignal) => Promise<LaneState>;

/** Claims of an item, worker deaths included, before the item is tried apart from others. */
const MAX_SHARED_CLAIMS = 2;
/** Worker crashes over an item tried apart, before the gateway gives up. The next worker would crash as well. */
const MAX_CRASHES = 3;

/**
 * Creates the function that delivers a lane's head and returns the lane's next state.
 * Every platform error becomes one result or one deferral. Throws only when Redis fails; then the lane's job is tried
 * again.
 */
export function deliverer(deps: DeliverDeps): Deliver {
  const inSequence = sequence();

  return async function deliver(platform, item, signal) {
    const delivery = new ItemDelivery(deps, platform, item);
    // Every item in progress is a suspect when its worker dies; suspects are tried one by one to find the cause.
    if (item.claimCount <= MAX_SHARED_CLAIMS || item.outcomeUncertain) return delivery.run(signal);
    return inSequence(async () => {
      const crashes = await deps.outbox.recordCrash(item);
      if (crashes < MAX_CRASHES) return delivery.run(signal);
      return delivery.finish({ status: "failed", outcomes: item.outcomes, error: toEventError(POISON) });
    });
  };
}

const POISON = new Failure({
  kind: "permanent",
  code: "internal-error",
  detail: "Workers crashed while sending this activity, so the gateway gave up. Tell the operator.",
});

/** Creates a function that runs tasks one after the other, whether or not they fail. */
function sequence(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const current = last.then(task, task);
    last = current;
    return current;
  };
}
