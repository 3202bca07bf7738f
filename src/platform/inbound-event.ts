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
  /**
   * True where the network proves that the address does not exist (RFC 3463 `5.1.1`). Then nothing is sent to it any more,
   * see src/suppressions. Needs a code of the network's own: a guess from its words is no evidence.
   */
  readonly isAddressGone?: boolean;
}

/** Complaint of a recipient about an activity that was sent (RFC 5965). */
export interface Complaint {
  /** As in `DeliveryReceipt`. */
  readonly id: string;
  /** Kind, such as `abuse`. */
  readonly complaint: string;
  /** Address of the recipient; absent: the activity's only target, and nobody where it has several. */
  readonly target?: string;
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
