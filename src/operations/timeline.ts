import { optional } from "../model/optional.ts";
import type { ActivityRecord } from "../outbox/outbox.ts";
import type { TimelineNote } from "../outbox/timeline-notes.ts";

/** Step of an activity's way, as answers show it. */
export interface TimelineStep {
  readonly step: "accepted" | "deferred" | "sending" | "result" | "receipt";
  readonly at: string;
  readonly status: string;
  readonly attempts?: number;
  readonly retryAt?: string;
  readonly error?: NonNullable<ActivityRecord["error"]>;
  /** Addresses that a receipt is about. */
  readonly target?: readonly string[];
}

type Dated = TimelineStep & { readonly ms: number };

/** Returns what happened to an activity, oldest first. The oldest deferrals and receipts are missing when there were many. */
export function timelineOf(record: ActivityRecord): readonly TimelineStep[] {
  const { acceptedAt, dueAt, committedAt, result, notes } = record;
  const attempts: Dated[] = [
    ...notes.filter(({ step }) => step === "deferred").map(noteStep),
    ...(committedAt === undefined ? [] : [dated(committedAt, { step: "sending", status: "sending" })]),
  ];
  // A result's time is a worker's, which may differ from Redis' by some ms: it follows the attempts whatever it says.
  return [
    dated(acceptedAt, { step: "accepted", status: dueAt > acceptedAt ? "scheduled" : "queued" }),
    ...attempts.sort((a, b) => a.ms - b.ms),
    ...(result === undefined ? [] : [resultStep(result)]),
    ...notes.filter(({ step }) => step === "receipt").map(noteStep),
  ].map(({ ms: _, ...shown }) => shown);
}

function noteStep(note: TimelineNote): Dated {
  if (note.step === "deferred") {
    const { at, attempts, retryAt, error } = note;
    return dated(at, {
      step: "deferred",
      status: "deferred",
      attempts,
      retryAt: new Date(retryAt).toISOString(),
      ...optional("error", error),
    });
  }
  const { at, status, target, error } = note;
  return dated(at, { step: "receipt", status, target, ...optional("error", error) });
}

function resultStep({ status, attempts, error, target, published }: NonNullable<ActivityRecord["result"]>): Dated {
  const reason = error ?? target.find((outcome) => outcome.error !== undefined)?.error;
  return dated(Date.parse(published), { step: "result", status, attempts, ...optional("error", reason) });
}

function dated(ms: number, { step, ...rest }: Omit<TimelineStep, "at">): Dated {
  return { step, at: new Date(ms).toISOString(), ...rest, ms };
}
