import type { Actor } from "./activity.ts";
import type { EventError } from "./failure.ts";

/** The terminal outcomes. Exactly one `result` per accepted rid carries one of them (promise "one outcome"). */
export type FinalStatus = "sent" | "failed" | "partial" | "expired" | "cancelled" | "unknown";
/** Statuses before and after the result. `failed` then means a bounce: the network returned the message. */
export type PassingStatus = "sending" | "deferred" | "delivered" | "read" | "failed";

export interface TargetOutcome {
  readonly address: string;
  readonly status: string;
  /** The network's id of what was sent. */
  readonly id?: string;
  readonly error?: EventError;
}

interface Head {
  readonly rid: string | number;
  /** Our own id of the activity. */
  readonly id: string;
  readonly platform: string;
  readonly verb: string;
  readonly actor: Actor;
  readonly target: readonly TargetOutcome[];
  readonly published: string;
  /** OpenTelemetry's id of the trace; absent unless tracing was on. */
  readonly traceId?: string;
}

export interface ResultEvent extends Head {
  readonly type: "result";
  readonly status: FinalStatus;
  readonly object: Readonly<Record<string, unknown>>;
  readonly error?: EventError;
  readonly attempts: number;
}

export interface StatusEvent extends Head {
  readonly type: "status";
  readonly status: PassingStatus;
  readonly retryAt?: string;
  readonly error?: EventError;
}

/** Inbound activity from a network; `target` is the account of ours it came to. */
export interface ActivityEvent {
  readonly type: "activity";
  readonly platform: string;
  readonly verb: string;
  readonly actor: Actor & { readonly id?: string };
  readonly target: ReadonlyArray<{ readonly address: string; readonly name?: string; readonly field?: string }>;
  readonly object: Readonly<Record<string, unknown>>;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly id?: string;
  readonly published: string;
  readonly received: string;
  readonly self?: boolean;
}

export interface SessionEvent {
  readonly type: "session";
  readonly platform: string;
  readonly actor: Actor;
  readonly state: "connecting" | "online" | "offline" | "needs-login" | "restricted";
  readonly error?: EventError;
  readonly published: string;
}

/** Change of an outgoing webhook (docs/hooks.md). */
export interface HookEvent {
  readonly type: "hook";
  readonly name: string;
  /** `disabled`: switched off; `skipped`: one event was given up after a day, see `lost`. */
  readonly state: "disabled" | "skipped";
  readonly error: EventError;
  /** Cursor of the event that was given up. */
  readonly lost?: string;
  readonly published: string;
}

/** Entry of an app's event log, as listeners see it; the log adds `cursor`. */
export type Event = ResultEvent | StatusEvent | ActivityEvent | SessionEvent | HookEvent;
export type EventType = Event["type"];

/** All event types, as filters take them. */
export const EVENT_TYPES = ["result", "status", "activity", "session", "hook"] as const satisfies EventType[];
