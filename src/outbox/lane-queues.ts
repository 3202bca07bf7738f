import { Queue } from "bullmq";
import { partsOf, shardQueue } from "../model/lane.ts";
import type { Log } from "../model/log.ts";
import { shardOf } from "../model/shard.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import type { Wake } from "./outbox.ts";

/** What a lane's BullMQ job carries: a name, never content. */
export interface LaneJob {
  readonly app: string;
  readonly lane: string;
}

/** A job in a shard's queue: an account was stored, dropped, or is wanted otherwise than before. */
export interface AccountJob {
  readonly app: string;
  readonly account: string;
}

/** A job in the queue of consents: an id, never a code. */
export interface ConsentJob {
  readonly consent: string;
}
export const CONSENT_QUEUE = "consents";

/** Tells workers that a lane has work: at most one active and one waiting BullMQ job per lane. */
export interface LaneQueues {
  readonly wake: (wake: Wake) => Promise<void>;
  /** As `wake`, and a job that waits for a retry time starts at once: its head is gone. */
  readonly runNow: (wake: Wake) => Promise<void>;
  /** Tells whoever holds the shard that an account of it changed. */
  readonly notifyAccountChanged: (app: string, account: string) => Promise<void>;
  /** A user's consent came back: its code is to be exchanged. */
  readonly startExchange: (consent: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** One BullMQ queue per platform, named after it, and one per shard of held connections. */
export function laneQueues({ redis, log }: { readonly redis: RedisClient; readonly log: Log }): LaneQueues {
  const queues = new Map<string, Queue<LaneJob | AccountJob | ConsentJob>>();

  function queueOf(name: string): Queue<LaneJob | AccountJob | ConsentJob> {
    let queue = queues.get(name);
    if (!queue) {
      queue = new Queue<LaneJob | AccountJob | ConsentJob>(name, {
        connection: redis,
        prefix: keys.queues,
        // Nobody reads BullMQ's own event stream: results go by the outbox script's append.
        streams: { events: { maxLen: 100 } },
        defaultJobOptions: { removeOnComplete: true, removeOnFail: { count: 1_000 } },
      });
      queue.on("error", (error) => log.debug({ error: error.message }, "queue connection fault"));
      queues.set(name, queue);
    }
    return queue;
  }

  async function wake({ app, lane, outstanding }: Wake): Promise<void> {
    const { queue, hash } = partsOf(lane);
    const priority = priorityOf(outstanding);
    await queueOf(queue).add(
      "lane",
      { app, lane },
      { deduplication: { id: hash, keepLastIfActive: true }, ...(priority > 0 ? { priority } : {}) },
    );
  }

  return {
    wake,
    async runNow(it) {
      const { queue: name, hash } = partsOf(it.lane);
      const queue = queueOf(name);
      const jobId = await queue.getDeduplicationJobId(hash);
      const job = jobId ? await queue.getJob(jobId) : undefined;
      if (job && (await job.isDelayed())) await job.promote();
      else await wake(it);
    },
    async notifyAccountChanged(app, account) {
      const deduplication = { id: `${app}|${account}`, keepLastIfActive: true };
      await queueOf(shardQueue(shardOf(app, account))).add("account", { app, account }, { deduplication });
    },
    async startExchange(consent) {
      await queueOf(CONSENT_QUEUE).add("consent", { consent });
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

/**
 * A noisy app waits behind quiet ones: the more lanes it has outstanding, the later its next wake. By powers of two, so
 * that lanes of one app keep their order among themselves and none starves.
 */
export function priorityOf(outstanding: number): number {
  return outstanding <= 1 ? 0 : Math.ceil(Math.log2(outstanding));
}
