import { type Caller, covers } from "../model/caller.ts";
import { EXPIRED_ERROR, OUTCOME_UNKNOWN_ERROR, resultEvent } from "../model/event-builders.ts";
import { Refusal } from "../model/refusal.ts";
import type { LaneQueues } from "../outbox/lane-queues.ts";
import type { ActivityRecord, Outbox } from "../outbox/outbox.ts";

export interface EndActivityDeps {
  readonly outbox: Pick<Outbox, "find" | "finalize" | "forgetMissing" | "extendDeadline">;
  readonly lanes: Pick<LaneQueues, "wake">;
}

/** Grace after the lifetime of a committed activity, before it becomes `unknown`. */
const COMMITTED_GRACE_MS = 30_000;

/** Returns the caller's activity; throws `Refusal` `not-found`, also for one its token does not cover. */
export async function findActivity(
  { outbox }: { readonly outbox: Pick<Outbox, "find"> },
  caller: Caller,
  rid: string,
): Promise<ActivityRecord> {
  const stored = await outbox.find(caller.app, rid);
  if (!stored || !covers(caller.limits, stored)) throw notFound();
  return stored;
}

/** Cancels an activity that no worker has begun to send. Throws `Refusal`: `not-found`, `too-late`. */
export async function cancelActivity(deps: EndActivityDeps, caller: Caller, rid: string): Promise<ActivityRecord> {
  const { outbox, lanes } = deps;
  const stored = await findActivity(deps, caller, rid);
  const { outcomes, attempts } = stored;
  const event = resultEvent(stored, stored.rid, { status: "cancelled", outcomes, attempts, now: Date.now() });
  const ended = await outbox.finalize(caller.app, rid, stored.lane, event);
  if (ended.outcome === "missing") throw notFound();
  if (ended.outcome !== "ended") {
    const detail = "The activity is being sent or has ended; GET it for its status.";
    throw new Refusal("too-late", detail, undefined, { rid: stored.rid });
  }
  if (ended.wake) await lanes.wake(ended.wake);
  return (await outbox.find(caller.app, rid)) ?? stored;
}

/**
 * Ends an activity whose lifetime is over. `expired` when nothing was sent, `unknown` when a worker had committed it and
 * did not report within the grace time.
 */
export async function expireActivity({ outbox, lanes }: EndActivityDeps, app: string, rid: string): Promise<void> {
  const stored = await outbox.find(app, rid);
  if (!stored) return outbox.forgetMissing(app, rid);
  const now = Date.now();
  const { committed, outcomes, attempts } = stored;
  if (committed && now < stored.expiresAt + COMMITTED_GRACE_MS) {
    return outbox.extendDeadline(app, rid, COMMITTED_GRACE_MS);
  }
  const status = committed ? "unknown" : "expired";
  const error = committed ? OUTCOME_UNKNOWN_ERROR : EXPIRED_ERROR;
  const event = resultEvent(stored, stored.rid, { status, outcomes, attempts, now, error });
  const answer = await outbox.finalize(app, rid, stored.lane, event, { mayBeCommitted: committed });
  if (answer.outcome === "ended" && answer.wake) await lanes.wake(answer.wake);
}

function notFound(): Refusal {
  return new Refusal("not-found", "No activity with this rid, or it finished too long ago.");
}
