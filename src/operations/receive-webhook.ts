import type { RecordReceipt } from "../inbound/delivery-receipts.ts";
import type { RecordInbound } from "../inbound/record-inbound.ts";
import type { WebhookEndpoints } from "../inbound/webhook-endpoints.ts";
import { Refusal } from "../model/refusal.ts";
import type { WebhookEndpoint, WebhookReceiver, WebhookRequest, WebhookResponse } from "../platform/inbound-webhook.ts";
import type { PlatformRegistry } from "../platform/platform-registry.ts";
import type { Topics } from "../polling/topics.ts";
import type { Admit } from "./admission.ts";

export interface ReceiveWebhookDeps {
  readonly endpoints: Pick<WebhookEndpoints, "find" | "byRoutingKey">;
  readonly platforms: Pick<PlatformRegistry, "find">;
  readonly recordInbound: RecordInbound;
  readonly recordReceipt: RecordReceipt;
  readonly topics: Pick<Topics, "saveHint" | "trigger">;
  /** Bounds the webhooks of an app as its own posts are bounded. */
  readonly admit: Admit;
}

/**
 * Takes one request of a network to an endpoint. `read` reads the request once the endpoint is known and admitted.
 * Returns the platform's answer; 200 only after everything is stored. Throws `Refusal` `not-found`.
 */
export type ReceiveWebhook = (
  platform: string,
  endpoint: string,
  read: () => Promise<WebhookRequest>,
) => Promise<WebhookResponse>;

/** Makes the operation. A failed request is sent again by the network; events that were stored are then dropped. */
export function receiveWebhook({
  endpoints,
  platforms,
  recordInbound,
  recordReceipt,
  topics,
  admit,
}: ReceiveWebhookDeps): ReceiveWebhook {
  async function store({ app, subject }: WebhookEndpoint, response: WebhookResponse): Promise<void> {
    const { events = [], receipts = [], topic } = response;
    for (const event of events) await recordInbound(app, event);
    for (const receipt of receipts) await recordReceipt(app, receipt);
    if (topic?.note !== undefined) await topics.saveHint(subject, topic.note);
    if (topic?.runNow) await topics.trigger(subject);
  }

  /** Stores the events of a shared request for other accounts of the network. */
  async function storeForSiblings(
    { app }: WebhookEndpoint,
    { id: platform, receive }: { readonly id: string; readonly receive: WebhookReceiver["receive"] },
    request: WebhookRequest,
    routingKeys: readonly string[],
  ): Promise<void> {
    for (const routingKey of routingKeys) {
      const id = await endpoints.byRoutingKey(app, platform, routingKey);
      const sibling = id === undefined ? undefined : await endpoints.find(platform, id);
      if (sibling === undefined) continue;
      // Another login's secrets may not fit the request: then it holds nothing of that account's.
      const response = receive(request, sibling.secrets, { app: sibling.app, subject: sibling.subject });
      if (response.status === 200) await store(sibling, response);
    }
  }

  return async (name, id, read) => {
    const platform = platforms.find(name);
    const found = platform?.webhook && (await endpoints.find(platform.id, id));
    if (!platform?.webhook || !found) {
      throw new Refusal("not-found", "No webhook is registered at this path (any more).");
    }
    const { receive } = platform.webhook;
    await admit(found.app);
    const { secrets, ...endpoint } = found;
    const request = await read();
    const response = receive(request, secrets, endpoint);
    if (response.status !== 200) return response;
    await store(endpoint, response);
    await storeForSiblings(endpoint, { id: platform.id, receive }, request, response.alsoFor ?? []);
    return response;
  };
}
