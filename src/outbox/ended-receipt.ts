import type { FinalStatus, ResultEvent } from "../model/event.ts";
import { statusEvent } from "../model/event-builders.ts";
import type { LaneItem } from "./outbox.ts";

/**
 * What is kept of an activity for the network's later reports once it ended: a conversation that is read later says
 * nothing about a target that was not sent to. Empty where all was sent, and what the commit left is right.
 */
export function endedReceipt({ activity, ridAsSent, now }: LaneItem, status: FinalStatus, event: string): string {
  if (status === "sent") return "";
  const { target = [] } = JSON.parse(event) as Partial<ResultEvent>;
  const sending = statusEvent(activity, ridAsSent, { status: "sending", decided: [], now });
  const mayBe = (said: string): boolean => said === "sent" || said === "unknown";
  return JSON.stringify({
    ...sending,
    target: target.map(({ address, status: said }) => ({ address, status: mayBe(said) ? "sending" : "failed" })),
  });
}
