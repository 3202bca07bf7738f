import { Queue } from "bullmq";
import { laneParts, shardQueue } from "../model/lane.ts";
import type { Log } from "../model/log.ts";
import { shardOf } from "../model/shard.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import type { Wake } from "./outbox.ts";

/** Data of a lane's BullMQ job: names, never content. */
export interface LaneJob {
  readonly app: string;
  readonly lane: string;
}

/** Data of a job that reports a stored, removed or changed account to its shard. */
export interface AccountJob {
  readonly app: string;
  readonly account: string;
}

/** Data of a job in the queue of consents: an id, never a code. */
export interface ConsentJob {
  readonly consent: string;
  /** App whose share of the exchanges is used. */
  readonly app: string;
}
export const CONSENT_QUEUE = "consents";

/** Wakes workers. A lane has at most an active and a waiting BullMQ job. */
export interface LaneQueues {
  readonly wake: (wake: Wake) => Promise<void>;
  /** Wakes a lane whose head is gone. A job that waits for a retry time starts at once. */
  readonly runNow: (wake: Wake) => Promise<void>;
  /** Tells the owner of an account's shard that the account changed. */
  readonly notifyAccountChanged: (app: string, account: string) => Promise<void>;
  /** Starts the exchange of a consent's code, once the user came back with it. */
  readonly startExchange: (consent: ConsentJob) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Makes the queues. Each platform has a BullMQ queue of the same name, and so has each shard. */
export function laneQueues({ redis, log }: { readonly redis: RedisClient; readonly log: Log }): LaneQueues {
  const queues = new Map<string, Queue<LaneJob | AccountJob | ConsentJob>>();

  function queueOf(name: string): Queue<LaneJob | AccountJob | ConsentJob> {
    let queue = queues.get(name);
    if (!queue) {
      queue = new Queue<LaneJob | AccountJob | ConsentJob>(name, {
        connection: redis,
        prefix: keys.queues,
        // BullMQ's own event stream is not read: results go by the outbox script's append.
        streams: { events: { maxLen: 100 } },
        defaultJobOptions: { removeOnComplete: true, removeOnFail: { count: 1_000 } },
      });
      queue.on("error", (err) => log.debug({ err, queue: name }, "queue lost its connection; retrying"));
      queues.set(name, queue);
    }
    return queue;
  }

  async function wake({ app, lane, outstanding }: Wake): Promise<void> {
    const { queue, hash } = laneParts(lane);
    const priority = priorityOf(outstanding);
    await queueOf(queue).add(
      "lane",
      { app, lane },
      { deduplication: { id: hash, keepLastIfActive: true }, ...(priority > 0 ? { priority } : {}) },
    );
  }

  return {
    wake,
    async runNow(request) {
      const { queue: name, hash } = laneParts(request.lane);
      const queue = queueOf(name);
      const jobId = await queue.getDeduplicationJobId(hash);
      const job = jobId ? await queue.getJob(jobId) : undefined;
      if (job && (await job.isDelayed())) await job.promote();
      else await wake(request);
    },
    async notifyAccountChanged(app, account) {
      const deduplication = { id: `${app}|${account}`, keepLastIfActive: true };
      await queueOf(shardQueue(shardOf(app, account))).add("account", { app, account }, { deduplication });
    },
    async startExchange(consent) {
      await queueOf(CONSENT_QUEUE).add("consent", consent);
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

/**
 * Computes the priority of a wake: the more lanes an app has outstanding, the later. So a noisy app waits behind quiet
 * apps. Steps are powers of two, so that lanes of an app keep their order and none starves.
 */
export function priorityOf(outstanding: number): number {
  return outstanding <= 1 ? 0 : Math.ceil(Math.log2(outstanding));
}
