import { Queue } from "bullmq";
import { drainQueue, laneParts, shardQueue } from "../model/lane.ts";
import type { Log } from "../model/log.ts";
import { shardOf } from "../model/shard.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import type { DrainShard, Wake } from "./outbox.ts";

/** Data of a lane's BullMQ job, as versions before drain shards add them. */
export interface LaneJob {
  readonly app: string;
  readonly lane: string;
}

/** Data of a job that wakes a drainer: names, never content. */
export type DrainJob = DrainShard;

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

/** Jobs of a queue, for the operator. Jobs are names of work, never the work itself. */
export interface QueueState {
  readonly name: string;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  /** Reasons of the newest failures. */
  readonly reasons: readonly string[];
}

/** Wakes workers. A drain shard has at most an active and a waiting BullMQ job. */
export interface LaneQueues {
  /** Wakes a drainer for the lane's shard. */
  readonly wake: (wake: Pick<Wake, "app" | "lane">) => Promise<void>;
  /** Wakes a drainer for a shard with ready lanes. */
  readonly wakeShard: (shard: DrainShard) => Promise<void>;
  /** Tells the owner of an account's shard that the account changed. */
  readonly notifyAccountChanged: (app: string, account: string) => Promise<void>;
  /** Starts the exchange of a consent's code, once the user came back with it. */
  readonly startExchange: (consent: ConsentJob) => Promise<void>;
  /** Returns the states of queues. */
  readonly states: (names: readonly string[]) => Promise<readonly QueueState[]>;
  readonly close: () => Promise<void>;
}

/** Number of failures whose reasons are shown. */
const MAX_REASONS = 5;

/** Makes the queues. Each platform has a BullMQ queue of the same name, and so has each shard. */
export function laneQueues({ redis, log }: { readonly redis: RedisClient; readonly log: Log }): LaneQueues {
  const queues = new Map<string, Queue<DrainJob | LaneJob | AccountJob | ConsentJob>>();

  function queueOf(name: string): Queue<DrainJob | LaneJob | AccountJob | ConsentJob> {
    let queue = queues.get(name);
    if (!queue) {
      queue = new Queue<DrainJob | LaneJob | AccountJob | ConsentJob>(name, {
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

  async function wakeShard({ tag, drain }: DrainShard): Promise<void> {
    const deduplication = { id: `${tag}${drain}`, keepLastIfActive: true };
    await queueOf(drainQueue(drain)).add("drain", { tag, drain }, { deduplication });
  }

  return {
    wakeShard,
    wake: ({ app, lane }) => wakeShard({ tag: keys.tagOf(app), drain: laneParts(lane).drain }),
    async notifyAccountChanged(app, account) {
      const deduplication = { id: `${app}|${account}`, keepLastIfActive: true };
      await queueOf(shardQueue(shardOf(app, account))).add("account", { app, account }, { deduplication });
    },
    async startExchange(consent) {
      await queueOf(CONSENT_QUEUE).add("consent", consent);
    },
    states: (names) => Promise.all(names.map((name) => stateOf(name, queueOf(name)))),
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

async function stateOf(name: string, queue: Queue): Promise<QueueState> {
  const {
    waiting = 0,
    active = 0,
    delayed = 0,
    failed = 0,
  } = await queue.getJobCounts("waiting", "active", "delayed", "failed");
  const jobs = failed === 0 ? [] : await queue.getFailed(0, MAX_REASONS - 1);
  return { name, waiting, active, delayed, failed, reasons: jobs.map(({ failedReason }) => failedReason ?? "unknown") };
}
