import { Failure, toEventError } from "../model/failure.ts";
import type { LaneItem, LaneState } from "../outbox/outbox.ts";
import type { Platform } from "../platform/platform.ts";
import { type DeliverDeps, type FinalOutcome, ItemDelivery } from "./item-delivery.ts";

export type { DeliverDeps } from "./item-delivery.ts";

export type Deliver = (platform: Platform, item: LaneItem, signal: AbortSignal) => Promise<LaneState>;

/** Claims of an item, worker deaths included, before the item is tried apart from others. */
const MAX_SHARED_CLAIMS = 2;
/** Worker crashes over an item tried apart, before the gateway gives up. */
const MAX_CRASHES = 1;

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
    if (item.claimCount <= MAX_SHARED_CLAIMS) return delivery.run(signal);
    return inSequence(async () => {
      const crashes = await deps.outbox.beginApart(item);
      if (crashes >= MAX_CRASHES) return delivery.finish(poisonOutcome(item));
      try {
        return await delivery.run(signal);
      } catch (error) {
        // An error is no crash: only a start that never ended counts.
        await deps.outbox.endApart(item);
        throw error;
      }
    });
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

/** Creates a function that runs tasks one after the other, whether or not they fail. */
function sequence(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const current = last.then(task, task);
    last = current;
    return current;
  };
}
