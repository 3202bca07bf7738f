import type { Cursor } from "../event-log/cursor.ts";
import type { HookEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import type { Delivery, HookFilter } from "./webhook.ts";

/** A hook that this worker delivers; the fence tells it from workers that had it before. */
export interface Claim {
  readonly app: string;
  readonly name: string;
  readonly fence: string;
}

/** An event that waits to be tried again; its JSON is fetched when its turn comes. */
export interface Held {
  /** Its place in the hook's own outbox. */
  readonly place: string;
  readonly conversation: string;
}

/** How often a conversation's oldest event was tried. */
export interface Tries {
  readonly attempts: number;
  /** Unix ms of the first failure, and of the next try. */
  readonly since: number;
  readonly retryAt: number;
}

/** How the receiver does, kept over restarts. */
export interface Health {
  /** Unix ms since when nothing was taken. */
  readonly failing?: number;
  /** Failures in a row. */
  readonly misses: number;
  readonly retryAt: number;
}

/** Everything that delivering needs to know, as of one moment. */
export interface Loaded {
  readonly url: string;
  readonly filter: HookFilter;
  readonly secret: string;
  /** Changes with every `PUT`. */
  readonly version: string;
  /** Changes with every replay. */
  readonly moves: string;
  /** Undefined when it can't be read: then all that is kept comes after a gap. */
  readonly cursor: Cursor | undefined;
  readonly asStored: string;
  readonly held: readonly Held[];
  readonly tries: ReadonlyMap<string, Tries>;
  readonly health: Health;
}

/** An event that could not be delivered and goes into the hook's own outbox. */
export interface Holding {
  readonly conversation: string;
  /** Its `webhook-id`, the same at every try. */
  readonly id: string;
  readonly json: string;
}

/** What became of one turn: written at once, or not at all. */
export interface Settlement {
  readonly moves: string;
  /** The log was gone through up to here; undefined: as before. */
  readonly cursor: string | undefined;
  readonly hold: readonly Holding[];
  /** Places in the outbox that are done. */
  readonly drop: readonly string[];
  /** Undefined forgets. */
  readonly tries: ReadonlyMap<string, Tries | undefined>;
  readonly health: Health;
  readonly deliveries: readonly Delivery[];
  /** For the app's log. */
  readonly events: readonly HookEvent[];
  /** Switches the hook off, and why. */
  readonly disable?: EventError;
}

/** `moved`: a replay came between, nothing was written; `lost`: another worker has it, or it is gone. */
export type Settled =
  | { readonly outcome: "settled"; readonly places: readonly string[] }
  | { readonly outcome: "moved" }
  | { readonly outcome: "lost" };

/** The apps' outgoing webhooks, for the workers that deliver them. */
export interface HookWork {
  /** Takes hooks of this tag that nobody delivers. */
  readonly claim: (tag: string) => Promise<readonly Claim[]>;
  /** Keeps it for some seconds more; undefined when it is lost. `test` is JSON to send once, and its id. */
  readonly renew: (
    claim: Claim,
  ) => Promise<
    { readonly version: string; readonly moves: string; readonly test?: readonly [string, string] } | undefined
  >;
  readonly release: (claim: Claim) => Promise<void>;
  /** Undefined when it is gone, or switched off. */
  readonly load: (claim: Claim) => Promise<Loaded | undefined>;
  readonly held: (claim: Claim, place: string) => Promise<Omit<Holding, "conversation"> | undefined>;
  readonly settle: (claim: Claim, settlement: Settlement) => Promise<Settled>;
  /** Remembers a delivery that belongs to no turn. */
  readonly record: (claim: Claim, delivery: Delivery) => Promise<void>;
}

/** How long a worker keeps a hook without renewing. */
export const LEASE_MS = 8_000;
