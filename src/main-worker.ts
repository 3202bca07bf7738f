import { sendWorker } from "../workers/send.ts";
import { sweep } from "../workers/sweep.ts";
import { trimming } from "../workers/trim.ts";
import type { Config } from "./config.ts";
import { arrivals } from "./delivery/arrivals.ts";
import { clients } from "./delivery/clients.ts";
import { deliverer } from "./delivery/deliver.ts";
import { egress as egressGuard } from "./delivery/egress.ts";
import type { Log } from "./log.ts";
import type { ChoosePlatforms } from "./main-platforms.ts";
import { openPorts, type Store } from "./main-store.ts";
import type { Metrics } from "./metrics.ts";
import { sandboxMailbox } from "./sandbox/mailbox.ts";
import { wantsSandbox } from "./sandbox/wanted.ts";

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
  const { redis, eventLog, outbox, lanes, accounts } = openPorts(config, store, "worker", log);
  const arrive = arrivals({ redis, eventsKept: config.eventsKept });
  const guard = egressGuard({ allowPrivate: config.allowPrivate });
  const mailbox = wantsSandbox(config) ? await sandboxMailbox({ arrive, log }) : undefined;
  const pool = clients({ accounts, egress: guard, log });
  const deliver = deliverer({
    outbox,
    clients: pool,
    egress: guard,
    log,
    onResult: (platform, status, seconds) => {
      metrics.results.inc({ platform, status });
      metrics.deliverySeconds.observe({ platform }, seconds);
    },
  });
  const workers = choose(config, mailbox?.relay).map((platform) =>
    sendWorker({ redis, outbox, lanes, deliver, platform, concurrency: config.concurrency, log }),
  );
  const broom = sweep({ outbox, lanes, log });
  const trim = trimming({ redis, eventLog, hours: config.eventsHours, log });
  return {
    async stop(graceMs) {
      trim.stop();
      await broom.stop();
      await Promise.all(workers.map((worker) => worker.close(graceMs)));
      await pool.close();
      await mailbox?.stop();
      await guard.close();
      await lanes.close();
    },
  };
}
