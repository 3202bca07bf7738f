import type { ActivityEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";

/** Something that a network delivered to an account. */
export interface InboundEvent {
  /** The network's own id; the core drops events whose key was recorded before. */
  readonly key: string;
  readonly event: Omit<ActivityEvent, "type" | "received">;
  /** Cursor that is stored in the same step, see `ConnectionContext.state`. */
  readonly state?: { readonly name: string; readonly value: string };
}

/** Later word of the network on an activity that was sent. `id` is the activity's own id, sent along by the platform. */
export interface DeliveryReceipt {
  readonly id: string;
  readonly status: "delivered" | "read" | "failed";
  /** Address of the target; absent: all targets. */
  readonly target?: string;
  readonly error?: EventError;
}

/** Receipt for everything sent into a conversation (`CommitOptions.conversations`) up to a time. */
export interface ReadUpTo {
  readonly conversation: string;
  /** Unix ms, inclusive. */
  readonly until: number;
  readonly status: "delivered" | "read";
  /** Address of the target; absent: all targets. */
  readonly target?: string;
}
