import { connectionWorker } from "../../workers/connections.ts";
import { consentWorker } from "../../workers/consents.ts";
import { pollWorker } from "../../workers/poll.ts";
import { sendWorker } from "../../workers/send.ts";
import { sweep } from "../../workers/sweep.ts";
import { trimming } from "../../workers/trim.ts";
import { accountOwnership } from "../accounts/account-ownership.ts";
import { publicBase } from "../config/public-base.ts";
import type { Config } from "../config/settings.ts";
import { redisConsents } from "../consents/redis-consents.ts";
import { ClientCache } from "../delivery/client-cache.ts";
import { CrashIsolation } from "../delivery/crash-isolation.ts";
import { desiredOnlineSetter } from "../delivery/desired-online.ts";
import { suppressedTargets } from "../delivery/suppressed-targets.ts";
import { tracedDeliverer } from "../delivery/traced-deliverer.ts";
import { egress as egressGuard } from "../egress/egress.ts";
import { accountEndpoints } from "../inbound/account-endpoint.ts";
import { deliveryReceipts } from "../inbound/delivery-receipts.ts";
import { inboundRecorder } from "../inbound/record-inbound.ts";
import { topicEndpoints } from "../inbound/topic-endpoint.ts";
import type { WebhookEndpoints } from "../inbound/webhook-endpoints.ts";
import type { Log } from "../model/log.ts";
import { readySignal } from "../outbox/ready-signal.ts";
import { redisTopics } from "../polling/redis-topics.ts";
import type { Topics } from "../polling/topics.ts";
import type { Metrics } from "../process/metrics.ts";
import { isSandboxEnabled } from "../sandbox/sandbox-enabled.ts";
import type { Tracing } from "../tracing/tracing.ts";
import type { ChoosePlatforms } from "./platforms.ts";
import { openPorts, type Store } from "./storage.ts";
import { startWebhooks } from "./webhooks.ts";

export interface WorkerDeps {
  readonly config: Config;
  readonly choose: ChoosePlatforms;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Undefined where tracing is off. */
  readonly tracing?: Tracing | undefined;
}

/** Opens what deliveries, connections and polls share: stores, the egress guard, the client cache. */
async function openShared({ config, store, metrics, log, tracing }: WorkerDeps) {
  const ports = openPorts(config, store, "worker", log, tracing);
  const { redis, outbox, lanes, accounts, endpoints } = ports;
  const recordInbound = inboundRecorder({ redis, eventsKept: config.eventsKept });
  const suppressions = config.suppressions ? ports.suppressions : undefined;
  const recordReceipt = deliveryReceipts({ redis, eventsKept: config.eventsKept, suppressions });
  const guard = egressGuard({ allowPrivate: config.allowPrivate });
  const mailbox = isSandboxEnabled(config)
    ? await (await import("../sandbox/mailbox.ts")).sandboxMailbox({ recordInbound, log })
    : undefined;
  const topics = redisTopics({ redis });
  const reachable = publicEndpoints(config, endpoints, topics);
  const pool = new ClientCache({ accounts, ...reachable.account, egress: guard, log });
  const delivering = {
    outbox,
    isolation: new CrashIsolation({ outbox, log }),
    egress: guard,
    log,
    setDesiredOnline: desiredOnlineSetter({ accounts, lanes }),
    topics,
    tracing,
    markSuppressed: suppressions && suppressedTargets(suppressions),
    onResult: countResults(metrics),
  };
  return { ...ports, recordInbound, recordReceipt, guard, mailbox, topics, reachable, pool, delivering };
}

/** The worker role: carries out what was accepted. `stop` lets what is under way end, up to `graceMs`. */
export async function startWorker(deps: WorkerDeps): Promise<{ readonly stop: (graceMs: number) => Promise<void> }> {
  const { config, choose, store, metrics, log } = deps;
  const shared = await openShared(deps);
  const { redis, eventLog, history, outbox, lanes, accounts, endpoints } = shared;
  const { recordInbound, recordReceipt, guard, mailbox, topics, reachable, pool, delivering } = shared;
  const deliver = tracedDeliverer({ ...delivering, clients: pool });
  const platforms = choose(config, mailbox?.relay);
  const find = (id: string) => platforms.find((platform) => platform.id === id);
  // Where every verb needs the held connection there is nothing for a queue of the platform's own.
  const pooled = platforms.filter(({ connect, createClient }) => connect === undefined || createClient !== undefined);
  const onLane = (platform: string, change: 1 | -1) => metrics.lanes.inc({ platform }, change);
  const ready = readySignal({ redis: store.connections.blocking(), log });
  const workers = pooled.map(({ id, concurrency = config.concurrency }) =>
    sendWorker({ redis, outbox, lanes, ready, deliver, queue: id, find, concurrency, log, onLane }),
  );
  // A worker that knows no such platform would only keep shards from those that do.
  const hasConnections = platforms.some(({ connect }) => connect !== undefined);
  const connections = hasConnections
    ? connectionWorker({
        redis,
        lanes,
        ready,
        delivering,
        ownership: accountOwnership({ redis, keyring: store.ring, eventsKept: config.eventsKept }),
        accounts,
        ...reachable.account,
        record: recordInbound,
        recordReceipt,
        egress: guard,
        find,
        concurrency: config.concurrency,
        onLane,
        log,
      })
    : undefined;
  const hooks = startWebhooks({ config, store, redis, eventLog, metrics, find, log });
  const consents = redisConsents({ redis, keyring: store.ring });
  const consenting = consentWorker({ redis, consents, accounts, endpoints, lanes, find, egress: guard, log });
  const polling = pollWorker({
    topics,
    record: recordInbound,
    egress: guard,
    find,
    ...reachable.topic,
    log,
  });
  const counting = setInterval(() => metrics.sessions.set(connections?.size() ?? 0), 5_000);
  counting.unref();
  const sweeper = sweep({ outbox, lanes, log, onOutstanding: (count) => metrics.outstanding.set(count) });
  const trim = trimming({ redis, eventLog, history, hours: config.eventsHours, log });
  return {
    async stop(graceMs) {
      trim.stop();
      clearInterval(counting);
      await Promise.all([polling.stop(), consenting.close()]);
      await sweeper.stop();
      await Promise.all([
        hooks.close(graceMs),
        connections?.close(graceMs),
        ...workers.map((worker) => worker.close(graceMs)),
      ]);
      await pool.close();
      await mailbox?.stop();
      await guard.close();
      await lanes.close();
    },
  };
}

/** Counts results and the time of deliveries. */
function countResults({ results, deliverySeconds }: Metrics) {
  return (platform: string, status: string, seconds: number): void => {
    results.inc({ platform, status });
    deliverySeconds.observe({ platform }, seconds);
  };
}

/** Addresses of inbound endpoints; empty without PUBLIC_URL. */
function publicEndpoints(config: Config, endpoints: WebhookEndpoints, topics: Topics) {
  if (config.publicUrl === "") return { account: {}, topic: {} };
  const base = publicBase(config);
  return {
    account: { accountEndpoints: accountEndpoints({ endpoints, base }) },
    topic: { endpoint: topicEndpoints({ endpoints, topics, base }) },
  };
}
