import { connectionWorker } from "../../workers/connections.ts";
import { consentWorker } from "../../workers/consents.ts";
import { pollWorker } from "../../workers/poll.ts";
import { sendWorker } from "../../workers/send.ts";
import { sweep } from "../../workers/sweep.ts";
import { trimming } from "../../workers/trim.ts";
import { accountOwnership } from "../accounts/account-ownership.ts";
import type { Config } from "../config/settings.ts";
import { redisConsents } from "../consents/redis-consents.ts";
import { ClientCache } from "../delivery/client-cache.ts";
import { deliverer } from "../delivery/deliver.ts";
import { desiredOnlineSetter } from "../delivery/keep-online.ts";
import { egress as egressGuard } from "../egress/egress.ts";
import { accountEndpoints } from "../inbound/account-endpoint.ts";
import { deliveryReceipts } from "../inbound/delivery-receipts.ts";
import { inboundRecorder } from "../inbound/record-inbound.ts";
import { topicEndpoints } from "../inbound/topic-endpoint.ts";
import type { Log } from "../model/log.ts";
import { redisTopics } from "../polling/redis-topics.ts";
import type { Metrics } from "../process/metrics.ts";
import { sandboxMailbox } from "../sandbox/mailbox.ts";
import { isSandboxEnabled } from "../sandbox/sandbox-enabled.ts";
import type { ChoosePlatforms } from "./platforms.ts";
import { openPorts, type Store } from "./storage.ts";
import { startWebhooks } from "./webhooks.ts";

export interface WorkerDeps {
  readonly config: Config;
  readonly choose: ChoosePlatforms;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** The worker role: carries out what was accepted. `stop` lets what is under way end, up to `graceMs`. */
export async function startWorker({
  config,
  choose,
  store,
  metrics,
  log,
}: WorkerDeps): Promise<{ readonly stop: (graceMs: number) => Promise<void> }> {
  const { redis, eventLog, outbox, lanes, accounts, doors } = openPorts(config, store, "worker", log);
  const arrive = inboundRecorder({ redis, eventsKept: config.eventsKept });
  const guard = egressGuard({ allowPrivate: config.allowPrivate });
  const mailbox = isSandboxEnabled(config) ? await sandboxMailbox({ arrive, log }) : undefined;
  const reachable =
    config.publicUrl === "" ? {} : { accountEndpoints: accountEndpoints({ endpoints: doors, base: outside(config) }) };
  const pool = new ClientCache({ accounts, ...reachable, egress: guard, log });
  const topics = redisTopics({ redis });
  const delivering = {
    outbox,
    egress: guard,
    log,
    setDesiredOnline: desiredOnlineSetter({ accounts, lanes }),
    topics,
    onResult: (platform: string, status: string, seconds: number) => {
      metrics.results.inc({ platform, status });
      metrics.deliverySeconds.observe({ platform }, seconds);
    },
  };
  const deliver = deliverer({ ...delivering, clients: pool });
  const platforms = choose(config, mailbox?.relay);
  const find = (id: string) => platforms.find((platform) => platform.id === id);
  // Where every verb needs the held connection there is nothing for a queue of the platform's own.
  const pooled = platforms.filter(({ connect: hold, createClient: open }) => hold === undefined || open !== undefined);
  const onLane = (platform: string, change: 1 | -1) => metrics.lanes.inc({ platform }, change);
  const workers = pooled.map(({ id, concurrency = config.concurrency }) =>
    sendWorker({ redis, outbox, lanes, deliver, queue: id, find, concurrency, log, onLane }),
  );
  // A worker that knows no such platform would only keep shards from those that do.
  const holds = platforms.some(({ connect: hold }) => hold !== undefined);
  const connections = holds
    ? connectionWorker({
        redis,
        lanes,
        delivering,
        ownership: accountOwnership({ redis, keyring: store.ring, eventsKept: config.eventsKept }),
        accounts,
        ...reachable,
        record: arrive,
        recordReceipt: deliveryReceipts({ redis, eventsKept: config.eventsKept }),
        egress: guard,
        find,
        concurrency: config.concurrency,
        onLane,
        log,
      })
    : undefined;
  const hooks = startWebhooks({ config, store, redis, eventLog, metrics, log });
  const consents = redisConsents({ redis, keyring: store.ring });
  const consenting = consentWorker({ redis, consents, accounts, endpoints: doors, lanes, find, egress: guard, log });
  const polling = pollWorker({
    topics,
    record: arrive,
    egress: guard,
    find,
    ...(config.publicUrl === ""
      ? {}
      : { endpoint: topicEndpoints({ endpoints: doors, topics, base: outside(config) }) }),
    log,
  });
  const counting = setInterval(() => metrics.sessions.set(connections?.size() ?? 0), 5_000);
  counting.unref();
  const onOutstanding = (count: number) => metrics.outstanding.set(count);
  const broom = sweep({ outbox, lanes, log, onOutstanding });
  const trim = trimming({ redis, eventLog, hours: config.eventsHours, log });
  return {
    async stop(graceMs) {
      trim.stop();
      clearInterval(counting);
      await Promise.all([polling.stop(), consenting.close()]);
      await broom.stop();
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

/** Returns the public URL with the base path. */
function outside({ publicUrl, basePath }: Config): string {
  return `${publicUrl.replace(/\/+$/, "")}${basePath}`;
}
