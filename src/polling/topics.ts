import type { EventError } from "../model/failure.ts";
import type { TopicStatus } from "../platform/platform.ts";

/** An actor of an app, as a subscriber of topics on a platform. */
export interface TopicSubscriber {
  readonly app: string;
  readonly platform: string;
  readonly actor: string;
}

/** A due topic, leased to one worker. */
export interface DueTopic {
  readonly id: string;
  readonly platform: string;
  readonly topic: string;
  readonly state: string | undefined;
  /** Failed polls in a row. */
  readonly failures: number;
  /** Number of this lease: a later lease has another. */
  readonly claim: string;
  /** Latest hint of a push. */
  readonly hint: string | undefined;
  /** True when a push reported a change. */
  readonly triggered: boolean;
  /** True while the network holds state (a subscription) to be undone at the end. */
  readonly hasRemoteState: boolean;
  /** App of one subscriber, whose share the poll uses; undefined without subscribers. */
  readonly app: string | undefined;
}

/** Limits of a claim of due topics. */
export interface ClaimLimits {
  readonly maxTopics: number;
  readonly leaseMs: number;
  /** Polls of one app at once. A topic of an app that has so many waits some seconds and lets others go first. */
  readonly maxPerApp: number;
  /** Polls under way by app. */
  readonly running: ReadonlyMap<string, number>;
}

/** Outcome of a poll; without `state` the stored one stays. */
export interface PollOutcome {
  readonly state?: string | undefined;
  readonly failures: number;
  readonly error?: EventError | undefined;
  readonly nextMs: number;
}

/** Subscriptions and polling schedule: one poll per topic, however many subscribers. */
export interface Topics {
  /**
   * Starts or ends a subscription. Throws a permanent `Failure` when the app has as many as it may.
   * A topic with a first subscriber is due at once. A topic without subscribers is deleted, or due once more while the
   * network holds state.
   */
  readonly subscribe: (subscriber: TopicSubscriber, topic: string, isSubscribed: boolean) => Promise<void>;
  readonly subscriptions: (subscriber: TopicSubscriber) => Promise<readonly string[]>;
  readonly subscribers: (id: string) => Promise<ReadonlyArray<Pick<TopicSubscriber, "app" | "actor">>>;
  /** Returns whether any topic may be polled. False only where none is. */
  readonly hasTopics: () => Promise<boolean>;
  /** Leases due topics of a partition, within the shares of their apps. Undefined for a partition without topics. */
  readonly claimDue: (partition: number, limits: ClaimLimits) => Promise<readonly DueTopic[] | undefined>;
  /** Stores the outcome of a poll. Does nothing when another worker has claimed the topic since. */
  readonly finish: (due: DueTopic, outcome: PollOutcome) => Promise<void>;
  /** Makes a topic due now, or after the poll under way. At most once in ten seconds. */
  readonly trigger: (id: string) => Promise<void>;
  /** Stores a push's hint for the topic's next poll. */
  readonly saveHint: (id: string, hint: string) => Promise<void>;
  /** Stores whether the network holds state of the topic; see `DueTopic.hasRemoteState`. */
  readonly setRemoteState: (id: string, hasRemoteState: boolean) => Promise<void>;
  /** Returns the status of a topic; undefined without subscribers. */
  readonly status: (platform: string, topic: string) => Promise<TopicStatus | undefined>;
  /** Deletes a topic, unless there are subscribers again. */
  readonly remove: (due: DueTopic) => Promise<void>;
}
