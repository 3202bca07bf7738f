import { targetsOf } from "../model/event-builders.ts";
import type { ActivityRecord } from "../outbox/outbox.ts";
import type { ActivityStanding, ConversationHead } from "./describe-activity.ts";
import { timelineOf } from "./timeline.ts";

/** Returns the answer of `GET /activities/{rid}`. */
export function standingOf({ stored, head }: ActivityStanding): Record<string, unknown> {
  return {
    ...stateOf(stored),
    ...deferralOf(stored),
    ...(head === undefined ? {} : { waitsFor: waitOf(head) }),
    ...(stored.result === undefined ? {} : { result: stored.result }),
    timeline: timelineOf(stored),
  };
}

/** Returns an activity as lists show it. Without content, and with the reason where it is not simply sent. */
export function summaryOf(stored: ActivityRecord): Record<string, unknown> {
  const { result } = stored;
  const reason = reasonOf(stored);
  return {
    ...stateOf(stored),
    ...(result === undefined ? {} : { ended: result.published }),
    ...(stored.retryAt === undefined ? {} : { retryAt: timeOf(stored.retryAt) }),
    ...(reason === undefined ? {} : { error: reason }),
  };
}

/** Returns why an activity was deferred, or did not reach all targets. */
export function reasonOf({ result, error }: Pick<ActivityRecord, "result" | "error">): ActivityRecord["error"] {
  return error ?? result?.error ?? result?.target.find((outcome) => outcome.error !== undefined)?.error;
}

function stateOf(stored: ActivityRecord): Record<string, unknown> {
  return {
    rid: stored.rid,
    id: stored.id,
    platform: stored.platform,
    verb: stored.verb,
    status: stored.status,
    actor: stored.actor,
    target: stored.result?.target ?? targetsOf(stored, stored.outcomes, stored.status),
    attempts: stored.attempts,
    accepted: timeOf(stored.acceptedAt),
    due: timeOf(stored.dueAt),
    expires: timeOf(stored.expiresAt),
  };
}

function waitOf({ stored, isCovered }: ConversationHead): Record<string, unknown> {
  const { rid, status, attempts, expiresAt } = stored;
  const state = { status, attempts, expires: timeOf(expiresAt) };
  return isCovered ? { rid, ...state, ...deferralOf(stored) } : state;
}

/** Returns when a deferred activity is tried again, and why it was put off. */
function deferralOf({ retryAt, error }: ActivityRecord): Record<string, unknown> {
  return {
    ...(retryAt === undefined ? {} : { retryAt: timeOf(retryAt) }),
    ...(error === undefined ? {} : { error }),
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
