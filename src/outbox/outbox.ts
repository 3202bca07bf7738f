import type { Activity } from "../model/activity.ts";
import type { DsnRequest } from "../model/dsn-request.ts";
import type { ResultEvent, StatusEvent, TargetOutcome } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import type { CommitOptions } from "../platform/platform.ts";
import type { ActivityStatus } from "./activity-status.ts";
import type { TimelineNote } from "./timeline-notes.ts";

/** An activity about to be accepted. */
export interface NewActivity {
  readonly app: string;
  readonly activity: Activity;
  /** The activity's conversation, see model/lane.ts. */
  readonly lane: string;
  /** The rid as posted: `1` stays a number in answers and events. */
  readonly ridAsSent: string | number;
  /** Tells a repeat from a mistake: the same rid with another fingerprint is refused. */
  readonly fingerprint: string;
  /** Unix ms; absent or past means now. */
  readonly dueAt?: number;
  readonly lifetimeMs: number;
  /** Id of the account that must exist, or undefined. */
  readonly needsAccount?: string;
  /** User whose token posted it, see `tokenUserOf`; undefined for API keys. */
  readonly tokenUser?: string;
  /** Attachment contents by index, kept apart from jobs and events. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** Request of a submitted mail's sender. */
  readonly dsn?: DsnRequest;
}

/** A lane with work, for which workers must be woken. */
export interface Wake {
  readonly app: string;
  readonly lane: string;
  /** Number of the app's lanes that hold work. */
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

/** The head of a lane, claimed by a worker under a fence. */
export interface LaneItem {
  readonly app: string;
  readonly lane: string;
  readonly fence: string;
  readonly activity: Activity;
  readonly ridAsSent: string | number;
  /** Attempts that ended; 0 before the first. */
  readonly attempts: number;
  /** Claims that never ended, this one included. More than 1 means that a worker died meanwhile. */
  readonly claimCount: number;
  /** Suspicion that dead workers left: see delivery/crash-isolation.ts. */
  readonly suspicion: number;
  /** True when an earlier worker passed its commit and never recorded the outcome. */
  readonly outcomeUncertain: boolean;
  /** Outcomes of earlier attempts by target index; null where a target has none yet. */
  readonly outcomes: ReadonlyArray<TargetOutcome | null>;
  /** Unix ms by Redis' clock: now, and the end of the lifetime. */
  readonly now: number;
  readonly expiresAt: number;
  /** Milliseconds of rate-limit waits already added to the lifetime. */
  readonly extendedMs: number;
}

/** Lanes of one tag and queue (a part of them) that one drainer carries out. */
export interface DrainShard {
  readonly tag: string;
  /** `<queue>:<part>`, see model/lane.ts. */
  readonly drain: string;
}

/** Shares of apps in a claim. Lanes beyond them stay ready, and let others go first. */
export interface ClaimShares {
  /** Slots that are free for apps with lanes under way. An app without any may always claim one. */
  readonly free: number;
  /** Lanes of an app for each free slot, and of one host of an app. */
  readonly appPerFree: number;
  readonly hostPerFree: number;
  /** Lanes under way by `<app>`, and by `<app>|<host>` with the host of `laneParts`. */
  readonly running: ReadonlyMap<string, number>;
}

/** Heads of claimed lanes. Lanes without a head that is due are none of them. */
export interface ReadyItems {
  readonly items: readonly LaneItem[];
  /** True when the claim was full, so that further lanes may be ready. */
  readonly mayHaveMore: boolean;
  /** True when ready lanes were left because of their app's shares. */
  readonly isLimited: boolean;
}

/** State of a lane after a claim or a completion. */
export type LaneState =
  | { readonly kind: "item"; readonly item: LaneItem }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "empty" }
  /** Another worker claimed the lane. */
  | { readonly kind: "lost" };

/** Stored fields of an activity, as `GET /activities/{rid}` shows them. */
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
  /** Reason of the last deferral, while deferred. */
  readonly error?: EventError;
  readonly committed: boolean;
  readonly actor: Activity["actor"];
  readonly target: Activity["target"];
  readonly traceparent?: string;
  readonly outcomes: ReadonlyArray<TargetOutcome | null>;
  /** The result event of an ended activity. */
  readonly result?: ResultEvent;
  /** Unix ms of the last commit; absent before it, and for records of older versions. */
  readonly committedAt?: number;
  /** Deferrals and receipts, oldest first. */
  readonly notes: readonly TimelineNote[];
}

export type FinalizeResult =
  | { readonly outcome: "ended"; readonly wake?: Wake }
  | { readonly outcome: "final" | "committed" | "missing" };

/** Findings of one sweep of a tag. */
export interface SweepResult {
  /** Lanes that hold work and made no progress. */
  readonly wakes: readonly Wake[];
  /** Activities with an ended lifetime. */
  readonly late: ReadonlyArray<{ readonly app: string; readonly rid: string }>;
  /** Number of activities without a result. */
  readonly outstanding: number;
}

/** Terms of a deferral. */
export interface Deferral {
  /** Unix ms. */
  readonly retryAt: number;
  /** Milliseconds added to the activity's lifetime (rate limits). */
  readonly extendMs: number;
  readonly attempts: number;
  /** Keeps the commit's mark: the next attempt recovers the outcome instead of sending. */
  readonly inDoubt: boolean;
  readonly outcomes: ReadonlyArray<TargetOutcome | null>;
  readonly event: StatusEvent;
}

/**
 * Durable state of every accepted activity and of the lanes. Each call is an atomic script; an answer means that the change
 * is done (with AOF `always`: is on disk). An activity is carried out at most once per fence.
 */
export interface Outbox {
  accept(activity: NewActivity): Promise<AcceptResult>;
  /** Claims a lane's head under a new fence. */
  claim(app: string, lane: string): Promise<LaneState>;
  /** Changes the suspicion that an item crashes workers. What a dead worker did not take back is kept for the next one. */
  addSuspicion(item: LaneItem, change: number): Promise<"recorded" | "lost">;
  /**
   * Writes the mark before the irreversible byte and appends `event`. After another answer the caller must not send:
   * `lost` means that another worker has the lane, `over` that the activity was cancelled or its lifetime has ended. With
   * `receiptTtlSeconds` later delivery receipts find the activity by id for so long.
   */
  commit(item: LaneItem, event: StatusEvent, options?: CommitOptions): Promise<"committed" | "lost" | "over">;
  /** Stores another id by which later delivery receipts find the activity. */
  addReceiptId(item: Pick<LaneItem, "app" | "activity">, id: string, ttlSeconds: number): Promise<void>;
  /** Records the outcome, appends the event, removes the head and claims the next. */
  complete(item: LaneItem, event: ResultEvent): Promise<LaneState>;
  /** Puts the head back until `retryAt`. */
  defer(item: LaneItem, deferral: Deferral): Promise<"deferred" | "lost">;
  /** Makes the caller the only drainer of a shard. Lanes of an earlier drainer become ready first. */
  startDrain(shard: DrainShard, token: string): Promise<void>;
  /** Claims up to `limit` ready lanes within their apps' shares. Undefined where another drainer has the shard. */
  claimReady(shard: DrainShard, token: string, limit: number, shares: ClaimShares): Promise<ReadyItems | undefined>;
  /** Makes claimed lanes ready that the drainer does not know of. Returns their number. */
  restoreStrays(shard: DrainShard, token: string, held: readonly string[]): Promise<number>;
  /** Ends the drainer. With `more`, lanes are ready or claimed: then it goes on, unless forced. */
  finishDrain(shard: DrainShard, token: string, isForced: boolean): Promise<"idle" | "more" | "lost">;
  /** Makes a lane ready at a retry time, or for an older version's job. */
  readyLane(app: string, lane: string): Promise<Wake | undefined>;
  /** Gives a claimed lane back that is not carried on; ready again after `delayMs`. Leaves a lane with a newer fence alone. */
  releaseLane(item: LaneItem, delayMs?: number): Promise<void>;
  find(app: string, rid: string): Promise<ActivityRecord | undefined>;
  /** Returns the rid of a lane's first activity; those behind it wait for its end. */
  headOf(app: string, lane: string): Promise<string | undefined>;
  /** Ends an activity without a worker (cancel, expiry). `mayBeCommitted` also ends one that a worker left behind. */
  finalize(
    app: string,
    rid: string,
    lane: string,
    event: ResultEvent,
    options?: { readonly mayBeCommitted: boolean },
  ): Promise<FinalizeResult>;
  /** Removes the deadline of an activity without a record. */
  forgetMissing(app: string, rid: string): Promise<void>;
  /** Returns whether any activity may be without a result. False only where none is. */
  hasOutstanding(): Promise<boolean>;
  /** Moves due activities of a tag into lanes; reports idle lanes and ended lifetimes. */
  sweep(tag: string): Promise<SweepResult>;
  /** Gives a late committed activity more time before it becomes `unknown`. */
  extendDeadline(app: string, rid: string, ms: number): Promise<void>;
  blobs(app: string, rid: string): Promise<ReadonlyMap<string, Buffer>>;
}
