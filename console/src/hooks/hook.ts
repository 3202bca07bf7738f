import type { ErrorNote } from "../parts/text.tsx";

/** Outgoing webhook of an app. */
export interface Hook {
  readonly name: string;
  readonly url: string;
  readonly format?: string;
  readonly types?: readonly string[];
  readonly platforms?: readonly string[];
  readonly actors?: readonly string[];
  readonly state: "active" | "failing" | "disabled";
  readonly failingSince?: string;
  readonly error?: ErrorNote;
  readonly lag: { readonly held: number; readonly seconds: number };
  readonly deliveries: readonly Delivery[];
}

/** Attempt to deliver an event. */
export interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly ms: number;
  readonly attempt: number;
  readonly delivered: boolean;
  readonly status?: number;
  readonly error?: ErrorNote;
}

export const EVENT_TYPES = ["result", "status", "activity", "session", "hook"] as const;
