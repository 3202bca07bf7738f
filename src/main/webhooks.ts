import { webhookWorker } from "../../workers/webhooks.ts";
import type { Config } from "../config/settings.ts";
import { egress } from "../egress/egress.ts";
import { eventFormats } from "../event-formats/event-formats.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { Log } from "../model/log.ts";
import type { Platform } from "../platform/platform.ts";
import { schemeLookup } from "../platform/platform-registry.ts";
import type { Metrics } from "../process/metrics.ts";
import type { RedisClient } from "../redis/connect.ts";
import { appShareOf } from "../redis/server-facts.ts";
import { eventTail } from "../streaming/tail.ts";
import { webhookPost } from "../webhooks/post.ts";
import { redisDeliveryStore } from "../webhooks/redis-delivery-store.ts";
import type { Store } from "./storage.ts";

export interface StartHooksDeps {
  readonly config: Config;
  readonly store: Store;
  readonly redis: RedisClient;
  readonly eventLog: EventLog;
  readonly metrics: Pick<Metrics, "hookAttempts">;
  /** Platform of an id. */
  readonly find: (id: string) => Platform | undefined;
  readonly log: Log;
}

/** Starts the delivery of outgoing webhooks, a part of the worker role. */
export function startWebhooks(deps: StartHooksDeps): { readonly close: (graceMs: number) => Promise<void> } {
  const { config, store, redis, eventLog, metrics, find, log } = deps;
  const { allowPrivate, eventsKept } = config;
  const guard = egress({ allowPrivate });
  const internalEgress = egress({ allowPrivate, insideOnly: true });
  const tail = eventTail({
    connect: store.connections.blocking,
    control: redis,
    log: eventLog,
    logger: log,
    kept: eventsKept,
  });
  const worker = webhookWorker({
    store: redisDeliveryStore({
      redis,
      keyring: store.ring,
      eventsKept,
      maxBytes: () => appShareOf(store.watch.facts()),
    }),
    eventLog,
    tail,
    post: webhookPost({ guard, internalEgress, formats: eventFormats(schemeLookup(find)) }),
    log,
    onAttempt: (delivered) => metrics.hookAttempts.inc({ outcome: delivered ? "delivered" : "failed" }),
  });
  return {
    close: async (graceMs) => {
      await worker.close(graceMs);
      await Promise.all([tail.close(), guard.close(), internalEgress.close()]);
    },
  };
}
