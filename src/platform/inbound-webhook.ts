import type { DeliveryReceipt, ReadUpTo } from "./connection.ts";
import type { InboundEvent } from "./platform.ts";

/** One request of a network to a door of ours, as it came: signatures cover the raw bytes. */
export interface WebhookRequest {
  readonly method: "GET" | "POST";
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Whose door it was: an app's account, or whatever else the app lets a network push to. */
export interface WebhookEndpoint {
  readonly app: string;
  /** An account's id where the door is an account's, a topic's where it is a topic's. */
  readonly subject: string;
}

/** What a push is checked with; known to the API, so never more than it needs. */
export type VerificationSecrets = Readonly<Record<string, string>>;

/** What to answer, after everything that came with it is stored. Nothing is stored for another status than 200. */
export interface WebhookResponse {
  /** 400: no sense in it; 403: not signed by the network; 404: nothing is awaited here. */
  readonly status: 200 | 400 | 403 | 404;
  /** Of a 200; plain text unless `contentType` says JSON. */
  readonly body?: string;
  readonly contentType?: "application/json";
  readonly events?: readonly InboundEvent[];
  readonly receipts?: ReadonlyArray<DeliveryReceipt | ReadUpTo>;
  /** Names (`Push.mate`) of the app's other accounts that the push is for: the same push is given to their doors too. */
  readonly alsoFor?: readonly string[];
  /** Of a topic's door (`Polling.door`): what its next poll is told, and whether that is due now. */
  readonly topic?: { readonly note?: string; readonly hasten?: boolean };
}

/** How a platform takes what its network pushes to `/inbound/{platform}/{hook}`. */
export interface WebhookReceiver<Credentials = unknown> {
  /** What the door of this account must know; undefined: the account needs none. Absent: accounts have no doors. */
  readonly secrets?: (account: {
    readonly address: string;
    readonly credentials: Credentials;
  }) => VerificationSecrets | undefined;
  /**
   * By what name a push that came to another door of the same app finds this one: for networks that push for many accounts
   * to one address. The push is then checked with this door's own secrets.
   */
  readonly routingKey?: (secrets: VerificationSecrets) => string | undefined;
  /**
   * Answers the network's challenge, or checks the signature and says what arrived. Changes nothing and keeps nothing:
   * pushes come twice, late and in any order. Bounds what it takes over, since strangers wrote it.
   */
  readonly receive: (pushed: WebhookRequest, secrets: VerificationSecrets, door: WebhookEndpoint) => WebhookResponse;
}
