import { setMaxListeners } from "node:events";
import { DelayedError, Worker } from "bullmq";
import type { Deliver } from "../src/delivery/deliver.ts";
import { partsOf } from "../src/model/lane.ts";
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
  /** Of the BullMQ queue: a platform's, or a shard's. */
  readonly queue: string;
  readonly find: (platform: string) => Platform | undefined;
  readonly concurrency: number;
  readonly log: Log;
  /** For the jobs in a shard's queue that tell of changed accounts. */
  readonly onAccount?: (app: string, account: string) => void;
  /** Told when a lane of this platform is taken up (1) and left again (-1), for metrics. */
  readonly onLane?: (platform: string, change: 1 | -1) => void;
}

/** A hot lane makes room for others after so many items. */
const YIELD_AFTER = 50;
/** Takeover after a death: the lock must run out and the next check must see it. */
const LOCK_MS = 8_000;
/** Often, so that a lock outlasts a Redis that is away for some seconds: a worker that lives should not lose its lanes. */
const LOCK_RENEWAL_MS = 2_000;
const STALLED_CHECK_MS = 4_000;

export interface SendWorker {
  /** Stops taking lanes and waits for what is under way; after `graceMs` that is aborted. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** Takes lanes of one queue and carries out their heads, one after the other. */
export function sendWorker(deps: SendWorkerDeps): SendWorker {
  const { redis, outbox, lanes, deliver, queue, find, concurrency, log, onAccount, onLane } = deps;
  const stopping = new AbortController();
  // Each lane under way listens to it.
  setMaxListeners(0, stopping.signal);

  async function work(
    job: { data: LaneJob | AccountJob; moveToDelayed: (at: number, token?: string) => Promise<void> },
    token?: string,
  ): Promise<void> {
    if ("account" in job.data) return onAccount?.(job.data.app, job.data.account);
    const { app, lane } = job.data;
    const platform = find(partsOf(lane).platform);
    // Left to a worker that has it switched on; the sweep wakes the lane again.
    if (!platform) return;
    onLane?.(platform.id, 1);
    const next = await carryOut(platform, app, lane).finally(() => onLane?.(platform.id, -1));
    if (next.kind === "wait") {
      await job.moveToDelayed(Date.now() + next.ms, token);
      throw new DelayedError();
    }
    // Leased but not begun: whoever takes it next gets a new fence.
    if (next.kind === "item") await lanes.wake({ app, lane, outstanding: 2 });
  }

  /** One item of the lane after the other; answers what is to follow. */
  async function carryOut(platform: Platform, app: string, lane: string): Promise<LaneState> {
    let next = await outbox.claim(app, lane);
    for (let done = 0; next.kind === "item" && done < YIELD_AFTER && !closing; done++) {
      next = await deliver(platform, next.item, stopping.signal);
    }
    return next;
  }

  let closing = false;
  const worker = new Worker<LaneJob | AccountJob>(queue, work, {
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
  worker.on("error", (error) => log.debug({ error: error.message, queue }, "worker connection fault"));
  worker.on("failed", (_job, error) =>
    log.error({ error: error.message, queue }, "a lane's work broke off; the sweep takes it up again"),
  );

  return {
    async close(graceMs) {
      closing = true;
      const timer = setTimeout(() => stopping.abort(new Error("shutting down")), graceMs);
      await worker.close();
      clearTimeout(timer);
    },
  };
}
