import { setMaxListeners } from "node:events";
import { DelayedError, Worker } from "bullmq";
import type { Deliver } from "../src/delivery/deliver.ts";
import { laneParts } from "../src/model/lane.ts";
import type { Log } from "../src/model/log.ts";
import type { AccountJob, LaneJob, LaneQueues } from "../src/outbox/lane-queues.ts";
import type { LaneState, Outbox } from "../src/outbox/outbox.ts";
import type { Platform } from "../src/platform/platform.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import { keys } from "../src/redis/keys.ts";

export interface SendWorkerDeps {
  readonly redis: RedisClient;
  readonly outbox: Outbox;
  readonly lanes: Pick<LaneQueues, "wake">;
  readonly deliver: Deliver;
  /** Name of the BullMQ queue: a platform's, or a shard's. */
  readonly queue: string;
  readonly find: (platform: string) => Platform | undefined;
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

/** A hot lane makes room for others after so many items. */
const MAX_ITEMS_PER_JOB = 50;
/** Lock of a job. Takeover after a death: the lock must run out and the next check must see that. */
const LOCK_MS = 8_000;
/** Often, so that a lock outlasts a short absence of Redis. A live worker should not lose lanes. */
const LOCK_RENEWAL_MS = 2_000;
const STALLED_CHECK_MS = 4_000;

type LaneWorkerJob = {
  readonly data: LaneJob | AccountJob;
  readonly moveToDelayed: (at: number, token?: string) => Promise<void>;
};

/** Starts a worker that claims lanes of a queue and delivers their items in order. */
export function sendWorker(deps: SendWorkerDeps): SendWorker {
  const { redis, queue, concurrency, log } = deps;
  const stopping = new AbortController();
  // Each lane under way listens to it.
  setMaxListeners(0, stopping.signal);
  let closing = false;

  const processJob = laneProcessor(deps, stopping.signal, () => closing);
  const worker = new Worker<LaneJob | AccountJob>(queue, processJob, {
    connection: redis,
    prefix: keys.queues,
    concurrency,
    lockDuration: LOCK_MS,
    lockRenewTime: LOCK_RENEWAL_MS,
    stalledInterval: STALLED_CHECK_MS,
    // Whether a lane's work is repeated is decided by its record, never by how often its job stalled.
    maxStalledCount: 1_000_000,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 1_000 },
  });
  worker.on("error", (err) => log.debug({ err, queue }, "lane worker lost its connection; retrying"));
  worker.on("failed", (_job, err) => log.error({ err, queue }, "lane job failed; the sweep wakes its lane again"));

  return {
    async close(graceMs) {
      closing = true;
      const timer = setTimeout(() => stopping.abort(new Error("shutting down")), graceMs);
      await worker.close();
      clearTimeout(timer);
    },
  };
}

/** Makes the function that BullMQ calls with each job of the queue. */
function laneProcessor(deps: SendWorkerDeps, signal: AbortSignal, isClosing: () => boolean) {
  const { outbox, lanes, deliver, find, onAccount, onLane } = deps;

  /** Carries out items of a lane in order; returns the lane's state after the last. */
  async function drainLane(platform: Platform, app: string, lane: string): Promise<LaneState> {
    let state = await outbox.claim(app, lane);
    for (let count = 0; state.kind === "item" && count < MAX_ITEMS_PER_JOB && !isClosing(); count++) {
      state = await deliver(platform, state.item, signal);
    }
    return state;
  }

  return async function processJob(job: LaneWorkerJob, token?: string): Promise<void> {
    if ("account" in job.data) return onAccount?.(job.data.app, job.data.account);
    const { app, lane } = job.data;
    const platform = find(laneParts(lane).platform);
    // Left to a worker that has it switched on; the sweep wakes the lane again.
    if (!platform) return;
    onLane?.(platform.id, 1);
    const state = await drainLane(platform, app, lane).finally(() => onLane?.(platform.id, -1));
    if (state.kind === "wait") {
      await job.moveToDelayed(Date.now() + state.ms, token);
      throw new DelayedError();
    }
    // Claimed but not begun: the next claim gets a new fence.
    if (state.kind === "item") await lanes.wake({ app, lane, outstanding: 2 });
  };
}
