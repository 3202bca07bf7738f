import type { Socket } from "node:net";
import type { Static, TObject, TSchema } from "typebox";
import type { Activity } from "../model/activity.ts";
import type { ActivityEvent, TargetOutcome } from "../model/event.ts";
import { type EventError, Failure, toEventError } from "../model/failure.ts";
import type { Log } from "../model/log.ts";
import type { ConnectionContext } from "./connection.ts";
import type { VerificationSecrets, WebhookReceiver } from "./inbound-webhook.ts";
import type { Consent } from "./oauth-consent.ts";

/** An attachment's bytes, whichever way the app gave them. */
export interface Blob {
  readonly name: string;
  readonly mediaType?: string;
  readonly id?: string;
  readonly content: Buffer;
}

/** Opens what users name; refuses private, loopback, link-local and metadata addresses unless the operator allows them. */
export interface Egress {
  /** Bounded in time, size and redirects. Throws a permanent `Failure` `address-blocked` for a forbidden address. */
  readonly fetch: (url: string, init?: EgressInit) => Promise<EgressAnswer>;
  /** A connected TCP socket. Throws as `fetch` does; connection faults are Node's own errors. */
  readonly connect: (
    host: string,
    port: number,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ) => Promise<Socket>;
}
export interface EgressInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Bytes after decompression; default 5 MiB. */
  readonly maxBytes?: number;
  /** Default 3; each hop is checked again and credentials are dropped when the host changes. */
  readonly maxRedirects?: number;
  /**
   * For streams: is given the bytes of a 2xx answer as they come and is awaited, so that a slow taker slows the sender; what
   * it throws ends the stream. `body` is then empty, `timeoutMs` bounds each silence, and `maxBytes` counts for other answers.
   */
  readonly onChunk?: (chunk: Uint8Array) => void | Promise<void>;
}
export interface EgressAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly url: string;
}

/** What is kept of an activity beside its mark, for what the network says of it later. */
export interface CommitOptions {
  readonly receiptTtlSeconds?: number;
  /** Names of the conversations it is sent into, unique within the app. */
  readonly conversations?: readonly string[];
}

/** What a platform is lent for one piece of work. It reaches for nothing else. */
export interface VerbContext extends Egress {
  readonly log: Log;
  /** Aborts at the work's time limit and when the worker loses the lane. */
  readonly signal: AbortSignal;
  /** The app the work belongs to. */
  readonly app: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Indexes into `activity.target` still undecided; a retry must not repeat the others. */
  readonly pending: readonly number[];
  /** The activity's attachments; `url` ones are fetched through the guard. */
  readonly attachments: () => Promise<readonly Blob[]>;
  /**
   * Call and await just before the irreversible byte: writes the durable, fenced mark after which the work is never
   * simply repeated (promise G4). Rejects when the activity was cancelled, expired or taken over: then send nothing.
   * With `traceSeconds` the network's later reports on the activity's id (`Hold.report`) find their way for so long, and
   * with `threads` also those on a whole conversation (`Watermark`).
   */
  readonly commit: (more?: CommitOptions) => Promise<void>;
  /** Says whether the account is to stay connected when nothing is to be done; kept with the account. */
  readonly setDesiredOnline: (wanted: boolean) => Promise<void>;
  /** What the actor follows by polling, see `Platform.poll`: its topics, and whether it follows one. */
  readonly subscriptions: () => Promise<readonly string[]>;
  readonly subscribe: (topic: string, wanted: boolean) => Promise<void>;
  /** How a topic stands, whoever follows it; undefined when nobody does. */
  readonly topicStatus: (topic: string) => Promise<TopicStatus | undefined>;
}

/** How a polled topic is doing. */
export interface TopicStatus {
  /** As the last poll that succeeded left it. */
  readonly state?: string;
  /** Polls that failed in a row, and why the last one did. */
  readonly fails: number;
  readonly error?: EventError;
  /** Unix ms. */
  readonly polledAt?: number;
  readonly nextAt?: number;
}

/** What became of one target. `deferred` leaves it undecided for the next attempt. */
export interface Outcome extends TargetOutcome {
  readonly status: "sent" | "failed" | "deferred" | "unknown";
  readonly retryAfterMs?: number;
}

/** What a failure means for one target: a wait (`deferred`), the end (`failed`), or that nobody knows (`unknown`). */
export function outcomeOf(address: string, failure: Failure): Outcome {
  const waits = failure.kind === "retryable" || failure.kind === "rate-limited";
  return {
    address,
    status: failure.mayHaveLanded ? "unknown" : waits ? "deferred" : "failed",
    error: toEventError(failure),
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  };
}

/** What became of an activity: one outcome per pending target, in their order; `object` goes into the result event. */
export interface Receipt {
  readonly outcomes: readonly Outcome[];
  readonly object?: Readonly<Record<string, unknown>>;
}

/** One thing a network brought for `account`. `key` is the network's own id of it, and drops duplicates. */
export interface InboundEvent {
  readonly key: string;
  readonly event: Omit<ActivityEvent, "type" | "received">;
  /** A note (a cursor) that is written together with it, see `Hold.notes`. */
  readonly state?: { readonly name: string; readonly value: string };
}

/** What a poll of a topic brought. */
export interface PollResult {
  /** New or changed since the state given, oldest first; each follower gets each `key` once. */
  readonly entries: ReadonlyArray<{ readonly key: string; readonly event: Omit<InboundEvent["event"], "target"> }>;
  /** Given back at the next poll; opaque text of at most some kilobytes. */
  readonly state: string;
  /** Milliseconds until the next poll. */
  readonly nextMs: number;
  /** The topic is no more (410): followers are told and it is polled no more. */
  readonly ended?: EventError;
}

/**
 * A door that the network pushes to about one topic; see `Push` and `PushAnswer.topic`. While it is open, nobody following
 * the topic any more calls `Platform.forget`.
 */
export interface TopicEndpoint {
  /** Opens it, or gives an open one these secrets; answers its address. */
  readonly open: (secrets: VerificationSecrets) => Promise<string>;
  readonly secrets: () => Promise<VerificationSecrets | undefined>;
  readonly close: () => Promise<void>;
}

/** What one poll is given. */
export interface PollContext extends Egress {
  /** Undefined at a topic's first poll: remember what is there, bring nothing. */
  readonly state: string | undefined;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** True when a push said that the topic changed. */
  readonly triggered: boolean;
  /** What a push said last (`PushAnswer.topic`). */
  readonly hint: string | undefined;
  /** Absent where the outside can't reach us (no PUBLIC_URL). */
  readonly endpoint?: TopicEndpoint;
}

/** One verb: the schema that validates `{actor, target, object, context?}`, an example that fits it, and the deed. */
export interface Verb<Schema extends TObject = TObject, Client = unknown> {
  /** One line for docs, the OpenAPI document and forms. */
  readonly summary: string;
  readonly schema: Schema;
  readonly example: Static<Schema>;
  /** Whether `run` gets the client that `hold` made; default: where the platform has no `open`. */
  readonly needsConnection?: boolean;
  /** Of a held verb: runs without a connection, whatever the account's state; `client` is undefined. */
  readonly runsOffline?: boolean;
  readonly run: (client: Client, activity: Activity, context: VerbContext) => Promise<Receipt>;
}

/** What `open` is given to make a client for one account. */
export interface AccountContext<Credentials> {
  readonly app: string;
  /** The account's credentials; undefined where the platform works without one. */
  readonly credentials: Credentials | undefined;
  /**
   * Stores credentials that the network renewed (a rotated refresh token), so that a restart does not need a new login;
   * without effect when the app stored others meanwhile. Absent where nothing is stored.
   */
  saveCredentials?(credentials: Credentials): Promise<void>;
  /**
   * Runs a renewal alone among all workers that have the account, with what is stored by then: another one may just have
   * renewed. Who keeps its client afterwards works with that; throws what `renew` throws. Absent where nothing is stored.
   */
  withRefreshLock?<T>(renew: (stored: Credentials | undefined) => Promise<T>): Promise<T>;
  readonly egress: Egress;
  readonly log: Log;
}

/** Why an activity that fits its schema is refused all the same, and where it is wrong (RFC 6901 pointer). */
export interface ValidationIssue {
  readonly code: "validation-failed" | "recipient-not-reachable";
  readonly detail: string;
  readonly pointer: string;
}

/** A network the gateway speaks. A folder under `platforms/` exports one table. */
export interface Platform<Client = unknown, Credentials extends TSchema = TSchema> {
  readonly id: string;
  readonly title: string;
  /** Other names under which apps may call it (`smtp` for `email`). */
  readonly aliases?: readonly string[];
  /** Present where the network knows logins; checked by `PUT /accounts`. */
  readonly credentials?: {
    readonly schema: Credentials;
    readonly example: Static<Credentials>;
    /** What addresses accounts may have, where the verbs' actors say less. */
    readonly address?: TSchema;
  };
  /** True: an activity of an actor without a stored account is refused with `account-unknown`. */
  readonly needsAccount: boolean;
  /** Seconds an activity may take when the app says nothing. */
  readonly lifetimeSeconds: number;
  /** How many lanes one worker process works on at once; default 100. */
  readonly concurrency?: number;
  /** Seconds one attempt may take; default 120. */
  readonly timeoutSeconds?: number;
  readonly verbs: Readonly<Record<string, Verb<TObject, Client>>>;
  /** Refuses what no schema can say, before an account is looked up; returns the refusal or undefined. */
  readonly validate?: (verb: string, activity: Omit<Activity, "id" | "rid">) => ValidationIssue | undefined;
  /** Present where users let apps use their accounts by OAuth: `POST /accounts/{platform}/connect`. */
  readonly oauthConsent?: Consent;
  /** Takes what the network pushes to us. */
  readonly webhook?: WebhookReceiver<Static<Credentials>>;
  /** Makes the client that `run` gets; kept for a while and shared by the account's work. */
  readonly createClient?: (access: AccountContext<Static<Credentials>>) => Promise<Client>;
  /**
   * Connects an account, logs in, rejoins and catches up by its notes, and resolves with the client when all that is
   * done. One worker at a time holds an account; see docs/sessions.md. Throws what `explain` knows: `auth` and
   * `permanent` are final until the app stores the account anew or posts `connect`, all else is tried again.
   */
  readonly connect?: (hold: ConnectionContext<Static<Credentials>>) => Promise<Client>;
  /** Ends a client of `open` or `hold`; must work on a broken one. */
  readonly dispose?: (client: Client) => Promise<void>;
  /**
   * Looks at a topic (a feed's address): once for all who follow it, however many apps. Throws what `explain` knows; a
   * failed poll is tried again with backoff, never given up.
   */
  readonly poll?: (topic: string, polling: PollContext) => Promise<PollResult>;
  /**
   * Undoes what polls of a topic set up behind its door, since nobody follows it any more. Undefined: done; else it is
   * called again after `nextMs`, unless somebody follows the topic by then.
   */
  readonly teardown?: (
    topic: string,
    polling: PollContext,
  ) => Promise<Pick<PollResult, "state" | "nextMs"> | undefined>;
  /** Finds out what became of work that broke after its commit; undefined when nobody can tell. */
  readonly recover?: (client: Client, activity: Activity, context: VerbContext) => Promise<Receipt | undefined>;
  /** Says what a thrown value means: the only place that knows the library's errors. Never throws. */
  readonly classifyError: (thrown: unknown) => Failure;
}

/** What a thrown value means: a platform's own failure as it is, all else as the platform explains it. */
export function failureFrom(platform: Platform, thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : platform.classifyError(thrown);
}

/** Whether a verb's work goes to the one worker that holds the account's connection. */
export function needsConnection(platform: Platform, verb: string): boolean {
  return (
    platform.connect !== undefined && (platform.verbs[verb]?.needsConnection ?? platform.createClient === undefined)
  );
}

/** Keeps a platform's schema, example and deed together under the compiler's eye. */
export function defineVerb<Schema extends TObject, Client>(verb: Verb<Schema, Client>): Verb<TObject, Client> {
  return verb as unknown as Verb<TObject, Client>;
}

/** Keeps a platform's client and credentials types together; the core sees them as opaque. */
export function definePlatform<Client, Credentials extends TSchema>(platform: Platform<Client, Credentials>): Platform {
  return platform as unknown as Platform;
}
