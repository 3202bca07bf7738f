import { targetsOf } from "../model/event-builders.ts";
import type { ActivityRecord } from "../outbox/outbox.ts";
import type { ActivityStanding, ConversationHead } from "./describe-activity.ts";

/** Returns the answer of `GET /activities/{rid}`. */
export function standingOf({ stored, head }: ActivityStanding): Record<string, unknown> {
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
    ...deferralOf(stored),
    ...(head === undefined ? {} : { waitsFor: waitOf(head) }),
    ...(stored.result === undefined ? {} : { result: stored.result }),
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
