import { join } from "node:path";
import { keyring } from "../../src/crypto/keyring.ts";
import { egress } from "../../src/egress/egress.ts";
import { eventFormats } from "../../src/event-formats/event-formats.ts";
import { redisEventLog } from "../../src/event-log/redis-event-log.ts";
import type { Event } from "../../src/model/event.ts";
import { silentLog } from "../../src/model/log.ts";
import { keys } from "../../src/redis/keys.ts";
import { eventTail } from "../../src/streaming/tail.ts";
import { webhookPost } from "../../src/webhooks/post.ts";
import { redisDeliveryStore } from "../../src/webhooks/redis-delivery-store.ts";
import { redisWebhooks } from "../../src/webhooks/redis-webhooks.ts";
import { newWebhookSecret } from "../../src/webhooks/secret.ts";
import type { NewWebhook } from "../../src/webhooks/webhook.ts";
import { webhookWorker } from "../../workers/webhooks.ts";
import type { TestRedis } from "./redis.ts";

/** Hooks with workers on a test Redis; receivers may be on loopback. Waits for retries are short. */
export async function webhookHarness(redis: TestRedis, { eventsKept = 100_000, waitMs = 50 } = {}) {
  const client = redis.connect();
  const ring = await keyring({ path: join(redis.dir, "master.key"), opens: true });
  const log = redisEventLog({ redis: client, eventsKept });
  const webhooks = redisWebhooks({ redis: client, keyring: ring, eventLog: log });
  const inside = egress({ allowPrivate: ["127.0.0.0/8"], insideOnly: true });
  const ends: Array<() => Promise<void>> = [];

  const store = (more: Partial<Parameters<typeof redisDeliveryStore>[0]> = {}) =>
    redisDeliveryStore({ redis: client, keyring: ring, eventsKept, ...more });

  return {
    client,
    log,
    hooks: webhooks,
    store,
    secret: newWebhookSecret(),
    /** Starts the webhook delivery of one more worker process. */
    startWorker: (more: Partial<Parameters<typeof webhookWorker>[0]> = {}) => {
      const tail = eventTail({
        connect: () => redis.connect(),
        control: client,
        log,
        logger: silentLog,
        kept: eventsKept,
      });
      const worker = webhookWorker({
        store: store(),
        eventLog: log,
        tail,
        post: webhookPost({ guard: inside, internalEgress: inside, formats: eventFormats(() => undefined) }),
        log: silentLog,
        claimIntervalMs: 50,
        delay: () => waitMs,
        ...more,
      });
      const close = async () => {
        await worker.close(1_000);
        await tail.close();
      };
      ends.push(close);
      return { close };
    },
    put: async (app: string, name: string, url: string, secret: string, more: Partial<NewWebhook> = {}) => {
      const { epoch, last } = await log.bounds(app);
      const cursor = `${epoch}.${last}`;
      await webhooks.put(app, { name, url, secret, filter: {}, replacesSecret: true, cursor, ...more });
    },
    append: (app: string, event: Event) => log.append(app, event),
    /** The `hook` events of an app. */
    webhookEvents: async (app: string) => {
      const entries = await client.xrange(keys.log(app), "-", "+");
      return entries
        .flatMap(([, fields]) =>
          fields[0] === "e" ? [JSON.parse(fields[1] as string) as Record<string, unknown>] : [],
        )
        .filter(({ type }) => type === "hook");
    },
    close: async () => {
      await Promise.all(ends.map((end) => end()));
      await inside.close();
    },
  };
}
