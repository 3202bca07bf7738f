import type { ErrorNote } from "../parts/text.tsx";

/** Activity as `GET /activities` lists it. */
export interface Activity {
  readonly rid: string | number;
  readonly platform: string;
  readonly verb: string;
  readonly status: string;
  readonly actor: { readonly address: string };
  readonly target: ReadonlyArray<{ readonly address: string; readonly status: string; readonly error?: ErrorNote }>;
  readonly attempts: number;
  readonly accepted: string;
  readonly expires: string;
  readonly retryAt?: string;
  readonly ended?: string;
  readonly error?: ErrorNote;
}

/** Step of an activity's way. */
export interface TimelineStep {
  readonly step: string;
  readonly at: string;
  readonly status: string;
  readonly attempts?: number;
  readonly retryAt?: string;
  readonly error?: ErrorNote;
  readonly target?: readonly string[];
}

/** Activity with its whole way, as `GET /activities/{rid}` answers. */
export interface ActivityStanding extends Activity {
  readonly waitsFor?: { readonly rid: string | number; readonly status: string; readonly error?: ErrorNote };
  readonly timeline: readonly TimelineStep[];
}

/** Statuses by which lists are filtered. */
export { ACTIVITY_STATUSES as STATUSES } from "../../../src/outbox/activity-status.ts";

/** Statuses of activities whose result is still to come. */
export const OPEN = ["queued", "scheduled", "deferred", "sending"];
