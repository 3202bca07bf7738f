import { Queue } from "bullmq";
import { keys } from "../keys.ts";
import type { Log } from "../log.ts";
import type { RedisClient } from "../redis/connect.ts";
import { partsOf } from "./lane.ts";
import type { Wake } from "./outbox.ts";

/** What a lane's BullMQ job carries: a name, never content. */
export interface LaneJob {
  readonly app: string;
  readonly lane: string;
}

/** Tells workers that a lane has work: at most one active and one waiting BullMQ job per lane. */
export interface LaneQueues {
  readonly wake: (wake: Wake) => Promise<void>;
  /** As `wake`, and a job that waits for a retry time starts at once: its head is gone. */
  readonly hasten: (wake: Wake) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** One BullMQ queue per platform, named after it. */
export function laneQueues({ redis, log }: { readonly redis: RedisClient; readonly log: Log }): LaneQueues {
  const queues = new Map<string, Queue<LaneJob>>();

  function queueOf(platform: string): Queue<LaneJob> {
    let queue = queues.get(platform);
    if (!queue) {
      queue = new Queue<LaneJob>(platform, {
        connection: redis,
        prefix: keys.queues,
        // Nobody reads BullMQ's own event stream: results go by the outbox script's append.
        streams: { events: { maxLen: 100 } },
        defaultJobOptions: { removeOnComplete: true, removeOnFail: { count: 1_000 } },
      });
      queue.on("error", (error) => log.debug({ error: error.message }, "queue connection fault"));
      queues.set(platform, queue);
    }
    return queue;
  }

  async function wake({ app, lane, outstanding }: Wake): Promise<void> {
    const { platform, hash } = partsOf(lane);
    const priority = priorityOf(outstanding);
    await queueOf(platform).add(
      "lane",
      { app, lane },
      { deduplication: { id: hash, keepLastIfActive: true }, ...(priority > 0 ? { priority } : {}) },
    );
  }

  return {
    wake,
    async hasten(it) {
      const { platform, hash } = partsOf(it.lane);
      const queue = queueOf(platform);
      const jobId = await queue.getDeduplicationJobId(hash);
      const job = jobId ? await queue.getJob(jobId) : undefined;
      if (job && (await job.isDelayed())) await job.promote();
      else await wake(it);
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
