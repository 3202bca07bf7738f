import type { ErrorNote } from "../parts/text.tsx";

/** Stored login of an app at a network. */
export interface Account {
  readonly id: string;
  readonly platform: string;
  readonly address: string;
  readonly state: string;
  readonly online: boolean;
  readonly updated: string;
  /** Address that the network's webhook posts to. */
  readonly inbound?: string;
  readonly error?: ErrorNote;
}
