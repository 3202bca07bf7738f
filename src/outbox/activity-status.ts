import type { FinalStatus } from "../model/event.ts";

/** Status of an accepted activity. */
export type ActivityStatus = "queued" | "scheduled" | "deferred" | "sending" | FinalStatus;

/** Every status, in the order of an activity's life. */
export const ACTIVITY_STATUSES = [
  "queued",
  "scheduled",
  "deferred",
  "sending",
  "sent",
  "failed",
  "partial",
  "expired",
  "cancelled",
  "unknown",
] as const satisfies readonly ActivityStatus[];
