import type { EventError } from "../model/failure.ts";
import type { Log } from "../model/log.ts";
import type { Egress } from "./egress.ts";
import type { InboundEndpoint } from "./inbound-webhook.ts";

/** Bytes of one attachment, whether the app sent them inline or by URL. */
export interface Blob {
  readonly name: string;
  readonly mediaType?: string;
  readonly id?: string;
  readonly content: Buffer;
}

/** Data stored with the commit of an activity, for receipts that the network sends later. */
export interface CommitOptions {
  /** Seconds for which delivery receipts of the activity's id find its rid. */
  readonly receiptTtlSeconds?: number;
  /** Conversations that the activity is sent into, unique within the app. For receipts of a whole conversation. */
  readonly conversations?: readonly string[];
}

/** Services for one run of a verb. A verb uses nothing else of the gateway. */
export interface VerbContext extends Egress {
  readonly log: Log;
  /** Aborts at the attempt's time limit and when the worker loses the lane. */
  readonly signal: AbortSignal;
  /** Id of the app that posted the activity. */
  readonly app: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Indexes into `activity.target` without a final outcome; a retry must not repeat the others. */
  readonly pending: readonly number[];
  /** Loads the activity's attachments; those given by URL are fetched through the egress guard. */
  readonly attachments: () => Promise<readonly Blob[]>;
  /**
   * Marks the activity as sent, durably and fenced. Await it just before the first irreversible byte.
   * Marked work is never simply repeated (promise "not doubled"). Rejects when the activity was cancelled, has expired or was taken
   * over by another worker: then send nothing.
   */
  readonly commit: (options?: CommitOptions) => Promise<void>;
  /**
   * Stores another id of the message, given by the network instead of the gateway's. Receipts with that id then find
   * the rid for `ttlSeconds`.
   */
  readonly addReceiptId: (id: string, ttlSeconds: number) => Promise<void>;
  /** Stores whether the account stays connected while it has no work. */
  readonly setDesiredOnline: (desired: boolean) => Promise<void>;
  /** Lists the topics that the actor subscribes to, see `Platform.poll`. */
  readonly subscriptions: () => Promise<readonly string[]>;
  /** Subscribes the actor to a polled topic, or ends the subscription. */
  readonly subscribe: (topic: string, subscribed: boolean) => Promise<void>;
  /** Reads the status of a polled topic, whoever subscribes to it; undefined without subscribers. */
  readonly topicStatus: (topic: string) => Promise<TopicStatus | undefined>;
}

/** Status of a polled topic. */
export interface TopicStatus {
  /** State left by the last successful poll. */
  readonly state?: string;
  /** Consecutive failed polls. */
  readonly fails: number;
  /** Error of the last failed poll. */
  readonly error?: EventError;
  /** Unix ms. */
  readonly polledAt?: number;
  readonly nextAt?: number;
}

/** Services for making a client of one account. */
export interface AccountContext<Credentials> {
  /** Id of the app that owns the account. */
  readonly app: string;
  /** Credentials of the account; undefined where the platform works without an account. */
  readonly credentials: Credentials | undefined;
  /**
   * Stores credentials that the network renewed, such as a rotated refresh token.
   * Without effect when the app stored other credentials meanwhile. Absent where nothing is stored.
   */
  saveCredentials?(credentials: Credentials): Promise<void>;
  /**
   * Runs `renew` under a cluster-wide lock with the stored credentials. Another worker may have refreshed them already.
   * The caller goes on with the stored credentials in that case. Throws what `renew` throws. Absent where nothing is
   * stored.
   */
  withRefreshLock?<T>(renew: (stored: Credentials | undefined) => Promise<T>): Promise<T>;
  /**
   * Returns the account's inbound webhook endpoint; undefined where `WebhookReceiver.secrets` gave none.
   * With it a platform registers its webhook at the network itself. Absent without PUBLIC_URL or without an account.
   */
  inboundEndpoint?(): Promise<InboundEndpoint | undefined>;
  readonly egress: Egress;
  readonly log: Log;
}
