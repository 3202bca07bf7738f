import type { EventError } from "../model/failure.ts";
import type { Log } from "../model/log.ts";
import type { Egress } from "./egress.ts";
import type { InboundEvent } from "./inbound-event.ts";
import type { VerificationSecrets } from "./inbound-webhook.ts";

/** Result of one poll of a topic. */
export interface PollResult {
  /** New or changed entries since the given state, oldest first. Each subscriber gets each `key` once. */
  readonly entries: ReadonlyArray<{ readonly key: string; readonly event: Omit<InboundEvent["event"], "target"> }>;
  /** Opaque text of at most some kilobytes, passed to the next poll. */
  readonly state: string;
  /** Milliseconds until the next poll. */
  readonly nextMs: number;
  /** Trouble that may pass; shown in the topic's status. */
  readonly error?: EventError;
  /** Set when the topic was removed permanently. Subscribers get the error, and polling ends. */
  readonly ended?: EventError;
}

/**
 * Inbound webhook endpoint of one topic; see `WebhookReceiver` and `WebhookResponse.topic`.
 * While it is open, the core calls `Platform.teardown` when the last subscription ends.
 */
export interface TopicEndpoint {
  /** Opens the endpoint, or replaces the secrets of an open one; answers its public address. */
  readonly open: (secrets: VerificationSecrets) => Promise<string>;
  readonly secrets: () => Promise<VerificationSecrets | undefined>;
  readonly close: () => Promise<void>;
}

/** Services for one poll. */
export interface PollContext extends Egress {
  /** Id of a subscribing app, whose shares the poll uses. Empty when none is left. */
  readonly app: string;
  /** State of the last poll. Undefined at a topic's first: remember what is there, report nothing. */
  readonly state: string | undefined;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Whether a webhook request asked for this poll. */
  readonly triggered: boolean;
  /** Hint of the last webhook request (`WebhookResponse.topic`). */
  readonly hint: string | undefined;
  /** Absent where networks cannot reach the gateway (no PUBLIC_URL). */
  readonly endpoint?: TopicEndpoint;
}
