import { setMaxListeners } from "node:events";
import { Worker } from "bullmq";
import type { Deliver } from "../src/delivery/deliver.ts";
import { DRAIN_PARTS } from "../src/model/lane.ts";
import type { Log } from "../src/model/log.ts";
import type { AccountJob, DrainJob, LaneJob, LaneQueues } from "../src/outbox/lane-queues.ts";
import type { Outbox } from "../src/outbox/outbox.ts";
import type { ReadySignal } from "../src/outbox/ready-signal.ts";
import type { Platform } from "../src/platform/platform.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import { keys } from "../src/redis/keys.ts";
import { type DrainDeps, Drainer } from "./drain.ts";
import { fairSlots } from "./fair-slots.ts";
import { laneShares } from "./lane-shares.ts";

export interface SendWorkerDeps {
  readonly redis: RedisClient;
  readonly outbox: Outbox;
  readonly lanes: Pick<LaneQueues, "wake" | "wakeShard">;
  readonly ready: ReadySignal;
  readonly deliver: Deliver;
  /** Name of the BullMQ queue: a platform's, or a shard's. */
  readonly queue: string;
  readonly find: (platform: string) => Platform | undefined;
  /** Maximum number of lanes under way. */
  readonly concurrency: number;
  readonly log: Log;
  /** Handles a shard's jobs that report changed accounts. */
  readonly onAccount?: (app: string, account: string) => void;
  /** Counts lanes that are claimed (1) and left again (-1), for metrics. */
  readonly onLane?: (platform: string, change: 1 | -1) => void;
}

export interface SendWorker {
  /** Stops claiming lanes and waits for items under way; aborts them after `graceMs`. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** Lock of a job. Takeover after a death: the lock must run out and the next check must see that. */
const LOCK_MS = 8_000;
/** Often, so that a lock outlasts a short absence of Redis. A live worker should not lose lanes. */
const LOCK_RENEWAL_MS = 2_000;
const STALLED_CHECK_MS = 4_000;
/** Longest wait for a job, which a new job ends at once. Each end of a wait costs eight commands. */
const DRAIN_DELAY_SECONDS = 10;
/** Jobs at once beside those of drainers: reports of accounts, and lanes of older versions. */
const OTHER_JOBS = 16;

/** Starts a worker that claims lanes of a queue and delivers their items in order. */
export function sendWorker(deps: SendWorkerDeps): SendWorker {
  const { redis, queue, concurrency, log } = deps;
  const stopping = new AbortController();
  const closing = new AbortController();
  // Each lane under way and each drainer listens.
  setMaxListeners(0, stopping.signal, closing.signal);
  const processJob = jobProcessor(deps, {
    ...deps,
    slots: fairSlots(concurrency),
    shares: laneShares(concurrency),
    signal: stopping.signal,
    closing: closing.signal,
  });
  const worker = new Worker<DrainJob | LaneJob | AccountJob>(queue, processJob, {
    connection: redis,
    prefix: keys.queues,
    // Drainers share the slots, so each may run.
    concurrency: keys.tags.length * DRAIN_PARTS + OTHER_JOBS,
    lockDuration: LOCK_MS,
    drainDelay: DRAIN_DELAY_SECONDS,
    lockRenewTime: LOCK_RENEWAL_MS,
    stalledInterval: STALLED_CHECK_MS,
    // Whether a lane's work is repeated is decided by its record, never by how often its job stalled.
    maxStalledCount: 1_000_000,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 1_000 },
  });
  worker.on("error", (err) => log.debug({ err, queue }, "lane worker lost its connection; retrying"));
  worker.on("failed", (_job, err) => log.error({ err, queue }, "drainer failed; the sweep wakes another"));

  return {
    async close(graceMs) {
      closing.abort();
      const timer = setTimeout(() => stopping.abort(new Error("shutting down")), graceMs);
      await worker.close();
      clearTimeout(timer);
    },
  };
}

/** Makes the function that BullMQ calls with each job of the queue. */
function jobProcessor({ outbox, lanes, onAccount }: SendWorkerDeps, drainDeps: DrainDeps) {
  return async function processJob({ data }: { readonly data: DrainJob | LaneJob | AccountJob }): Promise<void> {
    if ("account" in data) return onAccount?.(data.app, data.account);
    if ("drain" in data) return new Drainer(drainDeps, data).run();
    const wake = await outbox.readyLane(data.app, data.lane);
    if (wake) await lanes.wake(wake);
  };
}
