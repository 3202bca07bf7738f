import { type Caller, covers } from "../model/caller.ts";
import type { ActivityRecord, Outbox } from "../outbox/outbox.ts";
import { findActivity } from "./end-activity.ts";

/** An activity, and the head of its conversation that it waits for. */
export interface ActivityStanding {
  readonly stored: ActivityRecord;
  /** Undefined unless another activity is before this one. */
  readonly head: ConversationHead | undefined;
}

/** First activity of a conversation; later ones wait for its end. */
export interface ConversationHead {
  readonly stored: ActivityRecord;
  /** False where a token does not cover the head: then only its state is told. */
  readonly isCovered: boolean;
}

export interface DescribeActivityDeps {
  readonly outbox: Pick<Outbox, "find" | "headOf">;
}

/** Returns the caller's activity and what it waits for. Throws `Refusal` `not-found`. */
export async function describeActivity(
  { outbox }: DescribeActivityDeps,
  caller: Caller,
  rid: string,
): Promise<ActivityStanding> {
  const stored = await findActivity({ outbox }, caller, rid);
  if (stored.status !== "queued") return { stored, head: undefined };
  const headRid = await outbox.headOf(caller.app, stored.lane);
  if (headRid === undefined || headRid === rid) return { stored, head: undefined };
  const head = await outbox.find(caller.app, headRid);
  return { stored, head: head && { stored: head, isCovered: covers(caller.limits, head) } };
}
