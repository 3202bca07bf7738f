import { decodeTime } from "ulid";
import { accountId } from "../model/account-id.ts";
import type { TargetOutcome } from "../model/event.ts";
import type { LaneItem } from "../outbox/outbox.ts";
import type { Platform } from "../platform/platform.ts";
import type { Suppression, Suppressions } from "../suppressions/suppressions.ts";

/** Marks an item's pending targets that the app suppresses. No attempt includes them. */
export type MarkSuppressed = (platform: Platform, item: LaneItem) => Promise<LaneItem>;

/** Makes the function that marks suppressed targets. One look-up for each attempt of verbs with recipients. */
export function suppressedTargets(suppressions: Pick<Suppressions, "findAll">): MarkSuppressed {
  return async (platform, item) => {
    const { app, activity, outcomes } = item;
    if (!platform.verbs[activity.verb]?.hasSuppressions || activity.options?.suppressions === "ignore") return item;
    const pending = outcomes.flatMap((outcome, index) => (outcome === null ? [index] : []));
    const ids = pending.map((index) => accountId(activity.platform, activity.target[index]?.address ?? ""));
    const found = await suppressions.findAll(app, ids);
    if (found.every((suppression) => suppression === undefined)) return item;
    const marked = [...outcomes];
    for (const [place, index] of pending.entries()) {
      const suppression = found[place];
      if (suppression !== undefined)
        marked[index] = outcomeOf(item, activity.target[index]?.address ?? "", suppression);
    }
    return { ...item, outcomes: marked };
  };
}

/**
 * Returns the outcome of a suppressed target. Where an attempt broke after its commit, an address that was suppressed after
 * the activity was accepted may have been sent to before.
 */
function outcomeOf({ activity, outcomeUncertain }: LaneItem, address: string, suppression: Suppression): TargetOutcome {
  const { id, reason, since, detail } = suppression;
  const mayHaveLanded = outcomeUncertain && since >= decodeTime(activity.id);
  const date = new Date(since).toISOString().slice(0, 10);
  return {
    address,
    status: mayHaveLanded ? "unknown" : "failed",
    error: {
      code: "suppressed",
      detail: `The address is on the app's suppression list since ${date}: ${REASONS[reason]}. DELETE /suppressions/${id} lifts it; options.suppressions: ignore sends once.`,
      retryable: false,
      ...(detail === undefined || reason === "added" ? {} : { platformCode: detail }),
    },
  };
}

const REASONS = {
  bounced: "a mail to it bounced for good",
  complained: "its owner complained about a mail",
  added: "the app added it",
} as const;
