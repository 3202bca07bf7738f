import type { Static, TObject, TSchema } from "typebox";
import type { Activity, ContextType } from "../model/activity.ts";
import { Failure } from "../model/failure.ts";
import type { ConnectionContext } from "./connection.ts";
import type { AccountContext, VerbContext } from "./context.ts";
import type { WebhookReceiver } from "./inbound-webhook.ts";
import type { OAuthConsent } from "./oauth-consent.ts";
import type { Receipt } from "./outcome.ts";
import type { PollContext, PollResult } from "./polling.ts";
import type { Verb } from "./verb.ts";
import type { TermName } from "./vocabulary/terms.ts";

// The seam: what a platform imports of the gateway, beside the kit and the vocabulary.
export type * from "./context.ts";
export type * from "./egress.ts";
export type * from "./inbound-event.ts";
export { type Outcome, outcomeOf, type Receipt } from "./outcome.ts";
export type * from "./polling.ts";
export { type ActivityOf, defineVerb, type RenamedValue, renamedValues, type Verb } from "./verb.ts";

/** Reason to refuse an activity that fits its schema. The pointer is of RFC 6901. */
export interface ValidationIssue {
  readonly code: "validation-failed" | "recipient-not-reachable";
  readonly detail: string;
  readonly pointer: string;
}

/** Network that the gateway speaks. Each folder under `platforms/` exports one such table. */
export interface Platform<Client = unknown, Credentials extends TSchema = TSchema> {
  readonly id: string;
  readonly title: string;
  /** Other names under which apps may call it (`smtp` for `email`). */
  readonly aliases?: readonly string[];
  /** Login of the network; absent where it knows none. `PUT /accounts` validates with it. */
  readonly credentials?: {
    readonly schema: Credentials;
    readonly example: Static<Credentials>;
    /** Schema of accounts' addresses, where the verbs' actors allow more. */
    readonly address?: TSchema;
  };
  /** URI schemes taken for addresses, without colon: `mailto`, `xmpp`. The rest of the URI is the address. */
  readonly uriSchemes?: readonly string[];
  /** Returns the address that a URI's path means behind a host (`irc://host/lobby`). Default: the path. */
  readonly addressInPath?: (path: string) => string;
  /** Contexts that the verbs tell apart; default: all are taken and ignored. */
  readonly contexts?: readonly ContextType[];
  /** Verbs that were renamed: old name, and what to use instead; refused with both. */
  readonly renamedVerbs?: Readonly<Record<string, string>>;
  /** Verbs that arrive from the network, with the terms that their objects may have. */
  readonly inbound?: Readonly<Record<string, readonly TermName[]>>;
  /** Whether an activity of an actor without a stored account is refused with `account-unknown`. */
  readonly needsAccount: boolean;
  /** Default lifetime of an activity in seconds. */
  readonly lifetimeSeconds: number;
  /** Lanes that one worker process works on at once; default 100. */
  readonly concurrency?: number;
  /** Seconds one attempt may take; default 120. */
  readonly timeoutSeconds?: number;
  readonly verbs: Readonly<Record<string, Verb<TObject, Client>>>;
  /** Checks what no schema can express, before an account is looked up. */
  readonly validate?: (verb: string, activity: Omit<Activity, "id" | "rid">) => ValidationIssue | undefined;
  /** OAuth consent of users: `POST /accounts/{platform}/connect`. */
  readonly oauthConsent?: OAuthConsent;
  /** Receiver of the network's webhook requests. */
  readonly webhook?: WebhookReceiver<Static<Credentials>>;
  /** Makes the client that `run` gets. The core pools it and shares it among the account's activities. */
  readonly createClient?: (context: AccountContext<Static<Credentials>>) => Promise<Client>;
  /**
   * Connects an account: logs in, rejoins and catches up from its state. Resolves with the client when that is done.
   * One worker at a time owns an account; see docs/sessions.md. Throws values that `classifyError` knows. Of kind `auth` and
   * `permanent`, codes that say so (`credentials-invalid`, `account-restricted` ...) are final until the app stores the
   * account again or posts `connect`, all others once they have stayed the same for a day. Other kinds are retried.
   */
  readonly connect?: (context: ConnectionContext<Static<Credentials>>) => Promise<Client>;
  /** Disposes a client of `createClient` or `connect`; must work on a broken client. */
  readonly dispose?: (client: Client) => Promise<void>;
  /**
   * Polls a topic (a feed's address) once for all its subscribers, across apps.
   * Throws values that `classifyError` knows; a failed poll is retried with backoff for ever.
   */
  readonly poll?: (topic: string, context: PollContext) => Promise<PollResult>;
  /**
   * Undoes the setup of a topic's endpoint after the last subscription ended.
   * Undefined: done. Otherwise the core calls it again after `nextMs`, unless the topic has subscribers by then.
   */
  readonly teardown?: (
    topic: string,
    context: PollContext,
  ) => Promise<Pick<PollResult, "state" | "nextMs"> | undefined>;
  /** Finds out the outcome of work that broke after its commit. Undefined where the network cannot tell. */
  readonly recover?: (client: Client, activity: Activity, context: VerbContext) => Promise<Receipt | undefined>;
  /** Classifies a thrown value; the only function that knows the library's errors. Never throws. */
  readonly classifyError: (thrown: unknown) => Failure;
}

/** Returns a platform's own failure as it is, and classifies every other thrown value. */
export function failureFrom(platform: Platform, thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : platform.classifyError(thrown);
}

/** Tells whether a verb runs in the worker that owns the account's connection. */
export function needsConnection(platform: Platform, verb: string): boolean {
  return (
    platform.connect !== undefined && (platform.verbs[verb]?.needsConnection ?? platform.createClient === undefined)
  );
}

/** Checks a platform's client and credentials types against each other. The core sees them as opaque. */
export function definePlatform<Client, Credentials extends TSchema>(platform: Platform<Client, Credentials>): Platform {
  return platform as unknown as Platform;
}
