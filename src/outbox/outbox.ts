import type { Activity } from "../model/activity.ts";
import type { FinalStatus, TargetOutcome } from "../model/event.ts";
import type { CommitOptions } from "../platform/platform.ts";

/** Where an accepted activity stands. */
export type ActivityStatus = "queued" | "scheduled" | "deferred" | "sending" | FinalStatus;

/** An activity about to be accepted. */
export interface NewActivity {
  readonly app: string;
  readonly activity: Activity;
  /** The conversation it belongs to, see lane.ts. */
  readonly lane: string;
  /** The rid as the app sent it: `1` stays a number in answers and events. */
  readonly ridAsSent: string | number;
  /** Same rid and same fingerprint is a repeat, another fingerprint is a mistake. */
  readonly fingerprint: string;
  /** Unix ms; absent or past means now. */
  readonly dueAt?: number;
  readonly lifetimeMs: number;
  /** Id of the account that must exist, or undefined. */
  readonly needsAccount?: string;
  /** Attachment contents by index, kept apart from jobs and events. */
  readonly blobs: ReadonlyMap<string, Buffer>;
}

/** A lane that has work: what a BullMQ job is about. `outstanding` is how many lanes the app has waiting. */
export interface Wake {
  readonly app: string;
  readonly lane: string;
  readonly outstanding: number;
}

export type AcceptResult =
  | { readonly outcome: "accepted"; readonly status: "queued" | "scheduled"; readonly wake?: Wake }
  | {
      readonly outcome: "replayed";
      readonly id: string;
      readonly status: ActivityStatus;
      readonly ridAsSent: string | number;
      readonly wake?: Wake;
    }
  | { readonly outcome: "reused" | "account-unknown" | "quota-exceeded" };

/** The head of a lane, leased to one worker by its fence. */
export interface LaneItem {
  readonly app: string;
  readonly lane: string;
  readonly fence: string;
  readonly activity: Activity;
  readonly ridAsSent: string | number;
  /** Attempts that ended; 0 before the first. */
  readonly attempts: number;
  /** How often a worker began it since the last orderly end: more than 1 means that a worker died over it. */
  readonly claimCount: number;
  /** True when an earlier worker passed its commit and never told the outcome. */
  readonly outcomeUncertain: boolean;
  /** Targets decided by earlier attempts, by index; null is undecided. */
  readonly outcomes: ReadonlyArray<TargetOutcome | null>;
  /** Unix ms by Redis' clock: now, and when its lifetime ends. */
  readonly now: number;
  readonly expiresAt: number;
  /** Milliseconds of rate-limit waits already added to its lifetime. */
  readonly extendedMs: number;
}

export type LaneState =
  | { readonly kind: "item"; readonly item: LaneItem }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "empty" }
  /** The lane was taken over by another worker. */
  | { readonly kind: "lost" };

/** What is stored of an activity, as `GET /activities/{rid}` shows it. */
export interface ActivityRecord {
  readonly id: string;
  readonly rid: string | number;
  readonly platform: string;
  readonly verb: string;
  readonly lane: string;
  readonly status: ActivityStatus;
  readonly attempts: number;
  readonly acceptedAt: number;
  readonly dueAt: number;
  readonly expiresAt: number;
  readonly retryAt?: number;
  readonly committed: boolean;
  readonly actor: Activity["actor"];
  readonly target: Activity["target"];
  readonly outcomes: ReadonlyArray<TargetOutcome | null>;
  /** The result event, once there is one. */
  readonly result?: Record<string, unknown>;
}

export type FinalizeResult =
  | { readonly outcome: "ended"; readonly wake?: Wake }
  | { readonly outcome: "final" | "committed" | "missing" };

/** What a sweep found: lanes to wake, activities whose lifetime ended, and how many have no result yet. */
export interface SweepResult {
  readonly wakes: readonly Wake[];
  readonly late: ReadonlyArray<{ readonly app: string; readonly rid: string }>;
  readonly outstanding: number;
}

/**
 * Durable state of every accepted activity and of the lanes they wait in. Each call is one atomic script; what it
 * answers has happened (with AOF `always`: is on disk). Carrying out is at most once per fence.
 */
export interface Outbox {
  accept(entry: NewActivity): Promise<AcceptResult>;
  /** Leases a lane's head under a new fence. */
  claim(app: string, lane: string): Promise<LaneState>;
  /** Counts that a worker begins, apart from others, what workers may have died of; answers how often that was so before. */
  recordCrash(work: LaneItem): Promise<number>;
  /**
   * Writes the mark before the irreversible byte; `event` tells listeners it is being sent. Else nothing may be sent:
   * `lost`: another worker has the lane; `over`: it was cancelled or its lifetime has ended. With `traceSeconds` the
   * activity's id is known for so long to what the network reports later, see events/traces.ts.
   */
  commit(work: LaneItem, event: string, more?: CommitOptions): Promise<"committed" | "lost" | "over">;
  /** Records the one outcome, appends its event, pops the head and leases the next. */
  complete(
    work: LaneItem,
    end: { readonly status: FinalStatus; readonly event: string; readonly attempts: number },
  ): Promise<LaneState>;
  /**
   * Puts the head back until `retryAt`; `extendMs` lengthens its lifetime (rate limits). `inDoubt` keeps the commit's
   * mark: the next attempt asks what became of it instead of sending.
   */
  defer(
    work: LaneItem,
    until: {
      readonly retryAt: number;
      readonly extendMs: number;
      readonly attempts: number;
      readonly inDoubt: boolean;
      readonly decided: ReadonlyArray<TargetOutcome | null>;
      readonly event: string;
    },
  ): Promise<"deferred" | "lost">;
  find(app: string, rid: string): Promise<ActivityRecord | undefined>;
  /** Ends what no worker has committed (or, with `committed`, what a worker left): cancel and expiry. */
  finalize(
    app: string,
    rid: string,
    lane: string,
    end: { readonly status: FinalStatus; readonly event: string; readonly committed: boolean },
  ): Promise<FinalizeResult>;
  /** One round over one tag: due activities join their lanes, forgotten lanes and ended lifetimes are reported. */
  sweep(tag: string): Promise<SweepResult>;
  /** Gives a committed activity that is late this much more time before it is `unknown`. */
  extendDeadline(app: string, rid: string, ms: number): Promise<void>;
  blobs(app: string, rid: string): Promise<ReadonlyMap<string, Buffer>>;
}
