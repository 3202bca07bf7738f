import { randomBytes } from "node:crypto";
import type { AccountConnectionDeps } from "../src/connections/connection-parts.ts";
import { type ShardConnections, shardConnections } from "../src/connections/shard-connections.ts";
import { ShardLeases } from "../src/connections/shard-leases.ts";
import { type TracedDeliverDeps, tracedDeliverer } from "../src/delivery/traced-deliverer.ts";
import { shardQueue } from "../src/model/lane.ts";
import type { Log } from "../src/model/log.ts";
import { fairSemaphore } from "../src/platform/kit/semaphore.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import { type SendWorker, type SendWorkerDeps, sendWorker } from "./send.ts";

export interface ConnectionWorkerDeps
  extends Omit<AccountConnectionDeps, "connecting">,
    Pick<SendWorkerDeps, "onLane"> {
  readonly redis: RedisClient;
  readonly lanes: SendWorkerDeps["lanes"];
  readonly ready: SendWorkerDeps["ready"];
  readonly delivering: Omit<TracedDeliverDeps, "clients">;
  readonly concurrency: number;
  readonly log: Log;
  readonly leaseMs?: number;
  readonly everyMs?: number;
}

export interface ConnectionWorker {
  /** Number of accounts that have a connection here. */
  readonly size: () => number;
  /** Ends the connections and hands the shards back. Work in progress gets up to `graceMs`. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** Number of accounts that connect at once. Networks, and the cryptography here, prefer few. */
const MAX_CONNECTING = 50;
/** Shares of apps in these. Alone, an app gets two thirds; a tenth is left for apps that connect none. */
const CONNECTING_SHARES = { perFree: 2, reserve: 5 };

interface Shard {
  readonly connections: ShardConnections;
  readonly worker: SendWorker;
}

/**
 * Runs the connections of the leased shards, and the work on these connections.
 * Each shard has a BullMQ worker on a queue of its own.
 */
export function connectionWorker(deps: ConnectionWorkerDeps): ConnectionWorker {
  const { redis, log } = deps;
  const connecting = fairSemaphore(MAX_CONNECTING, CONNECTING_SHARES);
  const shards = new Map<number, Shard>();
  let graceMs = 10_000;

  /** Leaves a shard. A lost shard is cut at once: the next owner may be connecting already. */
  async function leave(shard: number, lost: AbortSignal): Promise<void> {
    const left = shards.get(shard);
    shards.delete(shard);
    if (!left) return;
    const cut = new Promise<void>((resolve) => {
      if (lost.aborted) resolve();
      else lost.addEventListener("abort", () => resolve(), { once: true });
    });
    const closing = left.worker.close(lost.aborted ? 0 : graceMs);
    const hasEnded = await Promise.race([closing.then(() => true), cut.then(() => false)]);
    await Promise.all([left.connections.close(), hasEnded ? closing : left.worker.close(0)]);
    await closing;
  }

  const leases = new ShardLeases({
    redis,
    worker: randomBytes(9).toString("hex"),
    gained: (shard, fence) => void shards.set(shard, startShard(deps, connecting, shard, fence)),
    leave,
    log,
    ...(deps.leaseMs === undefined ? {} : { leaseMs: deps.leaseMs }),
    ...(deps.everyMs === undefined ? {} : { everyMs: deps.everyMs }),
  });

  return {
    size: () => [...shards.values()].reduce((sum, { connections }) => sum + connections.size(), 0),
    async close(ms) {
      graceMs = ms;
      await leases.stop();
    },
  };
}

/** Starts the connections and the send worker of a shard. */
function startShard(
  deps: ConnectionWorkerDeps,
  connecting: AccountConnectionDeps["connecting"],
  shard: number,
  fence: number,
): Shard {
  const { redis, lanes, ready, delivering, concurrency, log, find, onLane } = deps;
  const connections = shardConnections({ ...deps, connecting, shard, fence });
  const worker = sendWorker({
    redis,
    outbox: delivering.outbox,
    lanes,
    ready,
    deliver: tracedDeliverer({ ...delivering, clients: connections }),
    queue: shardQueue(shard),
    find,
    concurrency,
    log,
    onAccount: connections.notifyAccountChanged,
    ...(onLane === undefined ? {} : { onLane }),
  });
  return { connections, worker };
}
