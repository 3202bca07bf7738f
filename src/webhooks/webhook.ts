import type { EventFormat } from "../event-formats/event-format.ts";
import type { EventError } from "../model/failure.ts";

/** Filter of a webhook's events. Values of a kind are alternatives, kinds must all match; absent means all. */
export interface WebhookFilter {
  readonly types?: readonly string[];
  readonly platforms?: readonly string[];
  readonly actors?: readonly string[];
}

/** Attempt to deliver, as `GET /hooks/{name}/deliveries` shows it. */
export interface Delivery {
  /** The `webhook-id` header. */
  readonly id: string;
  /** The event's type; `test` for a test, `gap` for a gap. */
  readonly type: string;
  readonly at: string;
  readonly ms: number;
  readonly attempt: number;
  readonly delivered: boolean;
  /** HTTP status of the response, if there was one. */
  readonly status?: number;
  readonly error?: EventError;
}

/** An outgoing webhook as shown to the app: never the secret. */
export interface Webhook {
  readonly name: string;
  readonly url: string;
  /** Format of the events; absent: the log's own. */
  readonly format?: EventFormat;
  readonly types?: readonly string[];
  readonly platforms?: readonly string[];
  readonly actors?: readonly string[];
  /** `failing`: no success since `failingSince`; `disabled`: no deliveries until the next `PUT`. */
  readonly state: "active" | "failing" | "disabled";
  readonly failingSince?: string;
  readonly error?: EventError;
  /** Position in the event log up to which events were processed. */
  readonly cursor: string;
  /** Events waiting for a retry (`held`), and the oldest unprocessed event's age in seconds. */
  readonly lag: { readonly held: number; readonly seconds: number };
  readonly created: string;
  readonly updated: string;
  readonly deliveries: readonly Delivery[];
}

/** Webhooks an app may have. */
export const MAX_WEBHOOKS_PER_APP = 20;
/** Attempts kept per webhook. */
export const MAX_DELIVERIES = 100;
/** Pattern of a webhook's name, which is part of paths and of key names. */
export const WEBHOOK_NAME = "^[A-Za-z0-9_-]{1,64}$";

/** Thrown when a new webhook would exceed `MAX_WEBHOOKS_PER_APP`. */
export class TooManyWebhooks extends Error {
  constructor() {
    super(`An app may have ${MAX_WEBHOOKS_PER_APP} webhooks`);
    this.name = "TooManyWebhooks";
  }
}

/** The webhook that a `PUT` stores. */
export interface NewWebhook {
  readonly name: string;
  readonly url: string;
  /** Default `dragoman`. */
  readonly format?: EventFormat;
  readonly filter: WebhookFilter;
  /** `whsec_…`; sealed before leaving the process, so that only workers can sign. */
  readonly secret: string;
  /** False: an existing webhook keeps its secret. */
  readonly replacesSecret: boolean;
  /** Start of a new webhook; an existing webhook keeps its cursor. */
  readonly cursor: string;
}

/** The apps' outgoing webhooks, for the API. Webhooks of other apps are not found. */
export interface Webhooks {
  /** Stores or changes a webhook, and enables it. Throws `TooManyWebhooks`. */
  readonly put: (app: string, webhook: NewWebhook) => Promise<{ readonly created: boolean }>;
  readonly get: (app: string, name: string) => Promise<Webhook | undefined>;
  /** All webhooks of the app, by name. */
  readonly list: (app: string) => Promise<readonly Webhook[]>;
  readonly remove: (app: string, name: string) => Promise<boolean>;
  /**
   * Moves a webhook back or forward to a cursor; false for an unknown name.
   * Pending events are dropped, since the replay includes them.
   */
  readonly replay: (app: string, name: string, cursor: string) => Promise<boolean>;
  /** Makes a worker send this JSON once; false for an unknown or disabled webhook. */
  readonly test: (app: string, name: string, id: string, json: string) => Promise<boolean>;
  /** Newest attempts first. */
  readonly deliveries: (app: string, name: string, limit: number) => Promise<readonly Delivery[]>;
}
