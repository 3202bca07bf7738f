import type { Router } from "express";
import { inboundRoutes } from "../../routes/resources/inbound.ts";
import type { Config } from "../config/settings.ts";
import { deliveryReceipts } from "../inbound/delivery-receipts.ts";
import { inboundRecorder } from "../inbound/record-inbound.ts";
import type { WebhookEndpoints } from "../inbound/webhook-endpoints.ts";
import type { Admit } from "../operations/admission.ts";
import { receiveWebhook } from "../operations/receive-webhook.ts";
import type { PlatformRegistry } from "../platform/platform-registry.ts";
import { redisTopics } from "../polling/redis-topics.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import type { Store } from "./storage.ts";

export interface InboundDeps {
  readonly config: Config;
  readonly store: Store;
  readonly redis: RedisClient;
  readonly endpoints: WebhookEndpoints;
  readonly names: PlatformRegistry;
  readonly admit: Admit;
}

/** Creates the routes for networks' webhooks. Acknowledged events are as durable as accepted activities. */
export function inboundRouter({ config: { eventsKept }, store, redis, endpoints, names, admit }: InboundDeps): Router {
  const recordInbound = inboundRecorder({ redis, eventsKept });
  const report = deliveryReceipts({ redis, eventsKept });
  const { withReplication } = store.barrier;
  const receive = receiveWebhook({
    endpoints,
    platforms: names,
    recordInbound: (app, arrival) => withReplication(keys.tagOf(app), () => recordInbound(app, arrival)),
    topics: redisTopics({ redis }),
    recordReceipt: (app, receipt) => withReplication(keys.tagOf(app), () => report(app, receipt)),
    admit,
  });
  return inboundRoutes(receive);
}
