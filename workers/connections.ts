import { randomBytes } from "node:crypto";
import type { AccountConnectionDeps } from "../src/connections/account-connection.ts";
import { type ShardSessions, shardSessions } from "../src/connections/shard-connections.ts";
import { type Leases, leases } from "../src/connections/shard-leases.ts";
import { type DeliverDeps, deliverer } from "../src/delivery/deliver.ts";
import { shardQueue } from "../src/model/lane.ts";
import type { Log } from "../src/model/log.ts";
import type { LaneQueues } from "../src/outbox/lane-queues.ts";
import { fairSemaphore } from "../src/platform/kit/semaphore.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import { type SendWorker, type SendWorkerDeps, sendWorker } from "./send.ts";

export interface HeldWorkerDeps extends Omit<AccountConnectionDeps, "dialling">, Pick<SendWorkerDeps, "onLane"> {
  readonly redis: RedisClient;
  readonly lanes: Pick<LaneQueues, "wake">;
  readonly delivering: Omit<DeliverDeps, "clients">;
  readonly concurrency: number;
  readonly log: Log;
  readonly leaseMs?: number;
  readonly everyMs?: number;
}

export interface HeldWorker {
  /** How many accounts have a session here. */
  readonly size: () => number;
  /** Lets what is under way end, up to `graceMs`, ends the connections and hands the shards back. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** So many accounts dial at once: networks and our own cryptography would rather have them one by one. */
const DIALLING_MOST = 50;

interface Shard {
  readonly sessions: ShardSessions;
  readonly worker: SendWorker;
}

/**
 * Holds the connections of the shards that this worker has a lease on, and carries out what needs them: per shard its
 * sessions and a BullMQ worker on its queue.
 */
export function heldWorker(deps: HeldWorkerDeps): HeldWorker {
  const { redis, lanes, delivering, concurrency, log, find, onLane } = deps;
  const dialling = fairSemaphore(DIALLING_MOST);
  const shards = new Map<number, Shard>();
  let graceMs = 10_000;

  function gained(shard: number, fence: number): void {
    const sessions = shardSessions({ ...deps, dialling, shard, fence });
    const worker = sendWorker({
      redis,
      outbox: delivering.outbox,
      lanes,
      deliver: deliverer({ ...delivering, clients: sessions }),
      queue: shardQueue(shard),
      find,
      concurrency,
      log,
      onAccount: sessions.nudge,
      ...(onLane === undefined ? {} : { onLane }),
    });
    shards.set(shard, { sessions, worker });
  }

  /** What is lost is cut at once: the next owner may be connecting already. */
  async function leave(shard: number, lost: AbortSignal): Promise<void> {
    const mine = shards.get(shard);
    shards.delete(shard);
    if (!mine) return;
    const cut = new Promise<void>((resolve) => {
      if (lost.aborted) resolve();
      else lost.addEventListener("abort", () => resolve(), { once: true });
    });
    const closing = mine.worker.close(lost.aborted ? 0 : graceMs);
    const ended = await Promise.race([closing.then(() => true), cut.then(() => false)]);
    await Promise.all([mine.sessions.close(), ended ? closing : mine.worker.close(0)]);
    await closing;
  }

  const holder = randomBytes(9).toString("hex");
  const timing = {
    ...(deps.leaseMs === undefined ? {} : { leaseMs: deps.leaseMs }),
    ...(deps.everyMs === undefined ? {} : { everyMs: deps.everyMs }),
  };
  const held: Leases = leases({ redis, holder, gained, leave, log, ...timing });

  return {
    size: () => [...shards.values()].reduce((sum, { sessions }) => sum + sessions.size(), 0),
    async close(ms) {
      graceMs = ms;
      await held.stop();
    },
  };
}
