import type { EventFormat } from "../event-formats/event-format.ts";
import type { Cursor } from "../event-log/cursor.ts";
import type { HookEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import type { FailureStreak } from "./failure-streak.ts";
import type { Delivery, WebhookFilter } from "./webhook.ts";

/** Right of this worker to deliver a webhook; the fence tells it from earlier owners. */
export interface WebhookLease {
  readonly app: string;
  readonly name: string;
  readonly fence: string;
}

/** Reference to an event waiting for a retry; its JSON is loaded when due. */
export interface PendingEntry {
  /** Id in the webhook's own outbox. */
  readonly entryId: string;
  readonly conversation: string;
}

/** Attempts at a conversation's oldest event. */
export interface RetryState {
  readonly attempts: number;
  /** Undefined before the first failure. */
  readonly streak: FailureStreak | undefined;
  /** Unix ms of the next attempt. */
  readonly retryAt: number;
}

/** Health of a receiver, kept over restarts. */
export interface ReceiverHealth {
  /** Undefined after a success. */
  readonly streak: FailureStreak | undefined;
  readonly consecutiveFailures: number;
  /** Unix ms before which a receiver that is down gets no probe. */
  readonly retryAt: number;
}

/** Everything that delivering needs, as of one moment. */
export interface Snapshot {
  readonly url: string;
  readonly format?: EventFormat;
  readonly filter: WebhookFilter;
  readonly secret: string;
  /** Changes with every `PUT`. */
  readonly version: string;
  /** Changes with every replay. */
  readonly replayGeneration: string;
  /** Undefined when unreadable: then all events still kept follow a gap. */
  readonly cursor: Cursor | undefined;
  readonly rawCursor: string;
  readonly pending: readonly PendingEntry[];
  readonly retries: ReadonlyMap<string, RetryState>;
  readonly health: ReceiverHealth;
  /** Unix ms by Redis' clock. */
  readonly now: number;
}

/** An undelivered event, stored in the webhook's own outbox. */
export interface PendingEvent {
  readonly conversation: string;
  /** The `webhook-id` header, the same at every attempt. */
  readonly id: string;
  readonly json: string;
}

/** All changes of one batch, written atomically. */
export interface BatchCommit {
  readonly replayGeneration: string;
  /** Position in the log after the batch; undefined: unchanged. */
  readonly cursor: string | undefined;
  readonly added: readonly PendingEvent[];
  /** Ids of finished entries of the outbox. */
  readonly removed: readonly string[];
  /** Undefined deletes the conversation's retry state. */
  readonly retries: ReadonlyMap<string, RetryState | undefined>;
  readonly health: ReceiverHealth;
  readonly deliveries: readonly Delivery[];
  /** Events for the app's log. */
  readonly events: readonly HookEvent[];
  /** Disables the webhook for this reason. */
  readonly disableError?: EventError;
}

/** Result of a commit. `replayed`, `lost`: nothing was written; `lost`: another owner, or the webhook is gone. */
export type CommitResult =
  | { readonly outcome: "committed"; readonly entryIds: readonly string[] }
  | { readonly outcome: "replayed" }
  | { readonly outcome: "lost" };

/** State of a leased webhook, as told by each renewal. */
export interface RenewedLease {
  readonly version: string;
  readonly replayGeneration: string;
  /** Unix ms by Redis' clock. */
  readonly now: number;
  /** Id and JSON of a test to send once. */
  readonly test?: readonly [id: string, json: string];
}

/** The apps' outgoing webhooks, as workers deliver them. */
export interface DeliveryStore {
  /** Returns whether any webhook may be enabled. False only where none is. */
  readonly hasEnabled: () => Promise<boolean>;
  /** Leases the webhooks of this tag that have no owner. */
  readonly claim: (tag: string) => Promise<readonly WebhookLease[]>;
  /** Extends a lease by `LEASE_MS`; undefined when lost. */
  readonly renew: (lease: WebhookLease) => Promise<RenewedLease | undefined>;
  readonly release: (lease: WebhookLease) => Promise<void>;
  /** Undefined for a webhook that is deleted, disabled or leased to another worker. */
  readonly load: (lease: WebhookLease) => Promise<Snapshot | undefined>;
  readonly pendingEvent: (
    lease: WebhookLease,
    entryId: string,
  ) => Promise<Omit<PendingEvent, "conversation"> | undefined>;
  /** Returns whether further events may wait, by the bytes of app and webhook. */
  readonly hasRoom: (lease: WebhookLease) => Promise<boolean>;
  readonly commitBatch: (lease: WebhookLease, commit: BatchCommit) => Promise<CommitResult>;
  /** Stores a delivery that belongs to no batch. */
  readonly recordDelivery: (lease: WebhookLease, delivery: Delivery) => Promise<void>;
}

/** Lifetime of a lease without renewal. */
export const LEASE_MS = 8_000;
