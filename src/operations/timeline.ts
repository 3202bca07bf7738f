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
  const steps: Dated[] = [
    dated(acceptedAt, { step: "accepted", status: dueAt > acceptedAt ? "scheduled" : "queued" }),
    ...notes.map(noteStep),
    ...(committedAt === undefined ? [] : [dated(committedAt, { step: "sending", status: "sending" })]),
    ...(result === undefined ? [] : [resultStep(result)]),
  ];
  // Workers' clocks may differ a little from Redis'; acceptance stays first.
  const [accepted, ...later] = steps;
  later.sort((a, b) => a.ms - b.ms || ORDER[a.step] - ORDER[b.step]);
  return [accepted, ...later].flatMap((step) => {
    if (step === undefined) return [];
    const { ms: _, ...shown } = step;
    return [shown];
  });
}

/** Order of steps within a millisecond. */
const ORDER = { accepted: 0, deferred: 1, sending: 2, result: 3, receipt: 4 } as const;

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
