import { join } from "node:path";
import { durableAccounts } from "../accounts/durable-accounts.ts";
import { logSafeAccounts } from "../accounts/log-safe-accounts.ts";
import { redisAccounts } from "../accounts/redis-accounts.ts";
import type { Config } from "../config/settings.ts";
import { type Keyring, keyring } from "../crypto/keyring.ts";
import { checkKeyring } from "../crypto/keyring-check.ts";
import { redisEventLog } from "../event-log/redis-event-log.ts";
import { redisWebhookEndpoints } from "../inbound/webhook-endpoints.ts";
import type { Log } from "../model/log.ts";
import { redisDeadLetters } from "../outbox/dead-letters.ts";
import { redisHistory } from "../outbox/history.ts";
import { laneQueues } from "../outbox/lane-queues.ts";
import { logResults } from "../outbox/log-results.ts";
import { redisOutbox } from "../outbox/redis-outbox.ts";
import { traceOutbox } from "../outbox/trace-outbox.ts";
import type { Metrics } from "../process/metrics.ts";
import { byteReservations } from "../redis/byte-reservations.ts";
import type { RedisConnections } from "../redis/connect.ts";
import { type Barrier, durabilityBarrier } from "../redis/durable.ts";
import { openRedis } from "../redis/open.ts";
import { appShareOf, type ServerFacts } from "../redis/server-facts.ts";
import { type ServerWatch, watchServer } from "../redis/server-watch.ts";
import { redisSuppressions } from "../suppressions/redis-suppressions.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { redisWebhooks } from "../webhooks/redis-webhooks.ts";

const READY_MS = 15_000;
const BARRIER_MS = 2_000;

/** Storage of a process: Redis connections, keys and durability. */
export interface Store {
  /** Hides a secret from this process's log. */
  readonly hideSecret: (secret: string) => void;
  readonly url: string;
  readonly connections: RedisConnections;
  readonly ring: Keyring;
  readonly watch: ServerWatch;
  readonly barrier: Barrier;
  readonly close: () => Promise<void>;
}

/** Connects to Redis and checks that the key file fits the data. Without REDIS_URL a private server is started or joined. */
export async function openStore(
  config: Config,
  opens: boolean,
  log: Log,
  counted?: Pick<Metrics, "redisUp" | "redisMemory">,
  hideSecret: Store["hideSecret"] = () => undefined,
): Promise<Store> {
  const redis = await openRedis(config, log);
  const { url, connections } = redis;
  const client = connections.producer();
  const replicated = connections.endpoint.kind === "sentinel";
  const onLook = (facts: ServerFacts | undefined): void => {
    counted?.redisUp.set(facts === undefined ? 0 : 1);
    if (facts !== undefined) counted?.redisMemory.set(facts.memoryUsed / facts.memoryLimit);
  };
  const watch = watchServer({ client, log, requiredReplicas: config.redisReplicas, replicated, onCheck: onLook });
  // The command may take a little longer than the wait within it.
  const barrier = durabilityBarrier({
    client: connections.barrier(BARRIER_MS + 500),
    replicas: watch.replicas,
    waitMs: BARRIER_MS,
  });
  const close = async (): Promise<void> => {
    watch.close();
    await redis.close();
  };
  try {
    await connections.ready(READY_MS);
    await watch.check();
    const path = config.masterKeyFile === "" ? join(config.dataDir, "master.key") : config.masterKeyFile;
    const ring = await keyring({ path, opens });
    await checkKeyring(client, ring);
    return { hideSecret, url, connections, ring, watch, barrier, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Creates the ports over one connection. `producer` fails fast, for HTTP; `worker` may wait for Redis. */
export function openPorts(config: Config, store: Store, purpose: "producer" | "worker", log: Log, tracing?: Tracing) {
  const { connections, ring, barrier } = store;
  const redis = connections[purpose]();
  const retentionSeconds = config.retentionHours * 3_600;
  const maxBytes = () => appShareOf(store.watch.facts());
  const bytes = byteReservations({ redis, maxBytes });
  const accounts = durableAccounts(redisAccounts({ redis, keyring: ring, maxBytes }), barrier.withReplication);
  const eventLog = redisEventLog({ redis, eventsKept: config.eventsKept });
  const outbox = logResults(
    redisOutbox({
      redis,
      quota: config.quota,
      maxBytes,
      eventsKept: config.eventsKept,
      maxHistory: config.history,
      retentionSeconds,
      withReplication: barrier.withReplication,
    }),
    log,
  );
  return {
    redis,
    bytes,
    eventLog,
    outbox: tracing === undefined ? outbox : traceOutbox(outbox, tracing),
    lanes: laneQueues({ redis, log }),
    accounts: purpose === "worker" ? logSafeAccounts(accounts, store.hideSecret) : accounts,
    endpoints: redisWebhookEndpoints({ redis, keyring: ring }),
    deadLetters: redisDeadLetters({ redis, retentionSeconds }),
    history: redisHistory({ redis, maxEntries: config.history, retentionSeconds }),
    suppressions: redisSuppressions({ redis }),
    hooks: redisWebhooks({ redis, keyring: ring, eventLog }),
  };
}
