import type { ResultEvent } from "../model/event.ts";
import { statusEvent } from "../model/event-builders.ts";
import type { LaneItem } from "./outbox.ts";

/**
 * Makes the text that is kept of an ended activity for later delivery receipts. A later "read" must not cover targets that
 * were not sent to. Empty where every target was sent: the text of the commit is right then.
 */
export function endedReceipt({ activity, ridAsSent, now }: LaneItem, { status, target }: ResultEvent): string {
  if (status === "sent") return "";
  const sending = statusEvent(activity, ridAsSent, { status: "sending", outcomes: [], now });
  const mayHaveBeenSent = (outcome: string): boolean => outcome === "sent" || outcome === "unknown";
  return JSON.stringify({
    ...sending,
    target: target.map(({ address, status: outcome }) => ({
      address,
      status: mayHaveBeenSent(outcome) ? "sending" : "failed",
    })),
  });
}
