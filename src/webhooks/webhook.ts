import type { EventError } from "../model/failure.ts";

/** Which events a hook gets: any of the values within a kind, every kind that is given. Absent means all. */
export interface HookFilter {
  readonly types?: readonly string[];
  readonly platforms?: readonly string[];
  readonly actors?: readonly string[];
}

/** One attempt to deliver, as `GET /hooks/{name}/deliveries` shows it. */
export interface Delivery {
  /** The `webhook-id` that was sent. */
  readonly id: string;
  /** The event's type; `test` for a test, `gap` for a gap. */
  readonly type: string;
  readonly at: string;
  readonly ms: number;
  readonly attempt: number;
  readonly delivered: boolean;
  /** HTTP status of the answer, where there was one. */
  readonly status?: number;
  readonly error?: EventError;
}

/** An outgoing webhook as its app may see it: never the secret. */
export interface Hook {
  readonly name: string;
  readonly url: string;
  readonly types?: readonly string[];
  readonly platforms?: readonly string[];
  readonly actors?: readonly string[];
  /** `failing`: nothing was taken since `failingSince`; `disabled`: switched off, `PUT` switches it on again. */
  readonly state: "active" | "failing" | "disabled";
  readonly failingSince?: string;
  readonly error?: EventError;
  /** The event log was gone through up to here. */
  readonly cursor: string;
  /** What is behind: events held back to be tried again, and the age of the oldest event not gone through. */
  readonly lag: { readonly held: number; readonly seconds: number };
  readonly created: string;
  readonly updated: string;
  readonly deliveries: readonly Delivery[];
}

/** How many hooks an app may have. */
export const HOOKS_PER_APP = 20;
/** Attempts that are remembered for each hook. */
export const DELIVERIES_KEPT = 100;
/** A hook's name; it is part of a path and of key names. */
export const HOOK_NAME = "^[A-Za-z0-9_-]{1,64}$";

/** Storing this hook would exceed `HOOKS_PER_APP`. */
export class TooManyHooks extends Error {
  constructor() {
    super(`An app may have ${HOOKS_PER_APP} hooks`);
    this.name = "TooManyHooks";
  }
}

/** What `PUT` stores. */
export interface NewHook {
  readonly name: string;
  readonly url: string;
  readonly filter: HookFilter;
  /** `whsec_…`; sealed before it leaves the process, so that only workers can sign. */
  readonly secret: string;
  /** False: an existing hook keeps the secret that it has. */
  readonly replacesSecret: boolean;
  /** Where a new hook begins; an existing one goes on where it is. */
  readonly cursor: string;
}

/** The apps' outgoing webhooks, for the API. Another app's hook is not found. */
export interface Hooks {
  /** Stores or changes, and switches on. Throws `TooManyHooks`. */
  readonly put: (app: string, hook: NewHook) => Promise<{ readonly created: boolean }>;
  readonly get: (app: string, name: string) => Promise<Hook | undefined>;
  /** All of the app's, by name. */
  readonly list: (app: string) => Promise<readonly Hook[]>;
  readonly remove: (app: string, name: string) => Promise<boolean>;
  /** Goes back (or forward) to a cursor; what was held is dropped, since it comes again. False when there is no such hook. */
  readonly replay: (app: string, name: string, cursor: string) => Promise<boolean>;
  /** Has a worker send this JSON once. False when the hook is missing or switched off. */
  readonly test: (app: string, name: string, id: string, json: string) => Promise<boolean>;
  /** The newest attempts first. */
  readonly deliveries: (app: string, name: string, limit: number) => Promise<readonly Delivery[]>;
}
