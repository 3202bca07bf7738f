import type { Filter } from "../event-log/filter.ts";
import type { Limits, Revocation } from "../model/caller.ts";
import type { EventBatch } from "./encoded-event.ts";

/** Events that can't be had any more. What was asked for and what there is, as cursors. Reading goes on at `latest`. */
export interface StreamGap {
  /** Missing when what was asked for can't be read. */
  readonly requested?: string;
  readonly earliest: string;
  readonly latest: string;
}

/** Where a listener begins. `cursor` is what `ready` tells, `earliest` only where the oldest kept has no cursor before it. */
export interface StreamStart {
  readonly cursor: string;
  readonly gap?: StreamGap;
}

/** Request of a subscription; `after` is a cursor, `earliest`, or `latest` (the default). */
export interface SubscribeRequest {
  readonly app: string;
  readonly after?: string | undefined;
  readonly filter?: Filter;
  /** The caller's own limits, which always apply on top. */
  readonly limits?: Limits;
  /** `latest` may lie a moment back, at what this process has read. Saves asking Redis where the end is. */
  readonly skipBounds?: boolean;
}

/** The listener's side. `onStart` comes first and once; nothing comes after `stop`. */
export interface SubscriberCallbacks {
  readonly onStart?: (start: StreamStart) => void;
  /** While it catches up with the past the tail waits for a returned promise. Live it does not. */
  readonly onEvents: (batch: EventBatch) => void | Promise<void>;
  /** The listener has seen everything that was in the log when it asked. */
  readonly onLive?: () => void;
  readonly onGap?: (gap: StreamGap) => void;
  readonly onControl?: (revocation: Revocation) => void;
}

export interface Subscription {
  /** Cursor of what was read for this listener, matching or not. Resuming from it repeats and loses nothing. */
  readonly position: () => string;
  readonly stop: () => void;
}

/** Follows apps' logs for any number of listeners. Rejects with `LogAway` while Redis can't be reached. */
export interface Tail {
  readonly subscribe: (request: SubscribeRequest, callbacks: SubscriberCallbacks) => Promise<Subscription>;
  /** False while the logs can't be read. */
  readonly healthy: () => boolean;
  readonly close: () => Promise<void>;
}
