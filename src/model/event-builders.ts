import type { Activity } from "./activity.ts";
import type { FinalStatus, ResultEvent, StatusEvent, TargetOutcome } from "./event.ts";
import type { EventError } from "./failure.ts";
import { optional } from "./optional.ts";

type Subject = Pick<Activity, "id" | "platform" | "verb" | "actor" | "target" | "traceparent">;
export type TargetOutcomes = ReadonlyArray<TargetOutcome | null>;

/** Returns an outcome per target for listeners; what is undecided takes the status given. */
export function targetsOf(
  activity: Subject,
  outcomes: TargetOutcomes,
  otherwise: string,
  error?: EventError,
): TargetOutcome[] {
  return activity.target.map(
    (target, index) =>
      outcomes[index] ?? { address: target.address, status: otherwise, ...(error === undefined ? {} : { error }) },
  );
}

/** Error of a result whose lifetime ended before the activity was sent. */
export const EXPIRED_ERROR: EventError = {
  code: "expired",
  detail: "The activity's lifetime ended before it could be sent; see options.expiresIn.",
  retryable: false,
};

/** Error of a result whose lifetime ended while its outcome was still unknown. */
export const OUTCOME_UNKNOWN_ERROR: EventError = {
  code: "outcome-unknown",
  detail: "The activity's lifetime ended before its outcome was known.",
  retryable: false,
};

export interface ResultFacts {
  readonly status: FinalStatus;
  readonly outcomes: TargetOutcomes;
  readonly attempts: number;
  readonly object?: Readonly<Record<string, unknown>>;
  readonly error?: EventError;
  readonly now: number;
}

/** The one terminal event of an rid. */
export function resultEvent(activity: Subject, rid: string | number, facts: ResultFacts): ResultEvent {
  // The whole is partial; a target that is still undecided when the last try is over has failed.
  const otherwise = facts.status === "partial" ? "failed" : facts.status;
  const target = targetsOf(activity, facts.outcomes, otherwise, facts.error);
  const firstId = target.find((outcome) => outcome.id !== undefined)?.id;
  return {
    type: "result",
    rid,
    id: activity.id,
    platform: activity.platform,
    verb: activity.verb,
    status: facts.status,
    actor: activity.actor,
    target,
    object: { ...(firstId === undefined ? {} : { id: firstId }), ...facts.object },
    ...(facts.error === undefined ? {} : { error: facts.error }),
    attempts: facts.attempts,
    published: new Date(facts.now).toISOString(),
    ...traceOf(activity),
  };
}

/** A passing status: it is being sent, or it waits for another try. */
export function statusEvent(
  activity: Subject,
  rid: string | number,
  facts: {
    readonly status: "sending" | "deferred";
    readonly outcomes: TargetOutcomes;
    readonly now: number;
    readonly retryAt?: number;
    readonly error?: EventError;
  },
): StatusEvent {
  return {
    type: "status",
    rid,
    id: activity.id,
    platform: activity.platform,
    verb: activity.verb,
    status: facts.status,
    actor: activity.actor,
    target: targetsOf(activity, facts.outcomes, facts.status, facts.error),
    ...(facts.retryAt === undefined ? {} : { retryAt: new Date(facts.retryAt).toISOString() }),
    ...(facts.error === undefined ? {} : { error: facts.error }),
    published: new Date(facts.now).toISOString(),
    ...traceOf(activity),
  };
}

/** Returns the trace of an activity that has one: the second part of its `traceparent`. */
function traceOf({ traceparent }: Subject): { readonly traceId?: string } {
  return optional("traceId", traceparent?.split("-")[1]);
}
