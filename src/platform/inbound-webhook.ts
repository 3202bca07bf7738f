import type { DeliveryReceipt, InboundEvent, ReadUpTo } from "./inbound-event.ts";

/** Request of a network to an inbound webhook endpoint, as received. Signatures cover the raw bytes. */
export interface WebhookRequest {
  readonly method: "GET" | "POST";
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Owner of an inbound webhook endpoint. An app's account, or a topic that the app subscribes to. */
export interface WebhookEndpoint {
  readonly app: string;
  /** Id of the account or of the topic. */
  readonly subject: string;
}

/** Secrets that requests to an endpoint are verified with. The API knows them, so they hold no more than needed. */
export type VerificationSecrets = Readonly<Record<string, string>>;

/** An account's own webhook endpoint, for platforms that register the URL at the network themselves. */
export interface InboundEndpoint {
  /** Public URL, `PUBLIC_URL/inbound/{platform}/{endpoint}`. Confidential: the id is unguessable. */
  readonly url: string;
  /** Secrets of `WebhookReceiver.secrets`, as of the account's last `PUT`. */
  readonly secrets: VerificationSecrets;
}

/** Response to a webhook request, sent after its events are stored. Other statuses than 200 store nothing. */
export interface WebhookResponse {
  /** 400: unreadable; 403: not signed by the network; 404: nothing is expected here. */
  readonly status: 200 | 400 | 403 | 404;
  /** Body of a 200; plain text unless `contentType` says JSON. */
  readonly body?: string;
  readonly contentType?: "application/json";
  readonly events?: readonly InboundEvent[];
  readonly receipts?: ReadonlyArray<DeliveryReceipt | ReadUpTo>;
  /** Routing keys of the app's other endpoints that the same request is for. Each verifies and reads it as well. */
  readonly alsoFor?: readonly string[];
  /** For a topic's endpoint (`PollContext.endpoint`). The hint for the next poll, and whether to poll now. */
  readonly topic?: { readonly note?: string; readonly runNow?: boolean };
}

/** Receiver of requests that a network sends to `/inbound/{platform}/{endpoint}`. */
export interface WebhookReceiver<Credentials = unknown> {
  /** Returns the secrets for an account's endpoint; undefined: the account needs none. Absent: accounts have none. */
  readonly secrets?: (account: {
    readonly address: string;
    readonly credentials: Credentials;
  }) => VerificationSecrets | undefined;
  /**
   * Returns the key of this endpoint for requests to other endpoints of the app.
   * For networks that post all accounts' events to one URL. The request is verified with this endpoint's own secrets.
   */
  readonly routingKey?: (secrets: VerificationSecrets) => string | undefined;
  /**
   * Answers the network's challenge, or verifies the signature and returns the events.
   * Pure: requests come twice, late and in any order. Bounds everything it takes over, since strangers wrote it.
   */
  readonly receive: (
    request: WebhookRequest,
    secrets: VerificationSecrets,
    endpoint: WebhookEndpoint,
  ) => WebhookResponse;
}
