import type { ResultEvent } from "../model/event.ts";
import { statusEvent } from "../model/event-builders.ts";
import type { LaneItem } from "./outbox.ts";

/**
 * Makes the text that is kept of an ended activity for later delivery receipts. A conversation that is read later says
 * nothing about a target that was not sent to. Empty where all was sent: what the commit left is right then.
 */
export function endedReceipt({ activity, ridAsSent, now }: LaneItem, { status, target }: ResultEvent): string {
  if (status === "sent") return "";
  const sending = statusEvent(activity, ridAsSent, { status: "sending", decided: [], now });
  const mayHaveBeenSent = (outcome: string): boolean => outcome === "sent" || outcome === "unknown";
  return JSON.stringify({
    ...sending,
    target: target.map(({ address, status: outcome }) => ({
      address,
      status: mayHaveBeenSent(outcome) ? "sending" : "failed",
    })),
  });
}
