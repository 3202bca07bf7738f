import type { Log } from "../model/log.ts";
import { SHARDS } from "../model/shard.ts";
import type { RedisClient } from "../redis/connect.ts";
import { runEvery } from "../timing/run-every.ts";
import { type LeaseStore, leaseStore } from "./lease-store.ts";

export interface LeasesDeps {
  readonly redis: RedisClient;
  /** This worker's name, never used twice. */
  readonly worker: string;
  /** Receives each new shard. All writes about the shard's accounts carry `fence`, which grows with each owner. */
  readonly gained: (shard: number, fence: number) => void;
  /**
   * Leaves a shard. In a hand-over other workers wait until the promise resolves. After an abort of `leaseLost`, which may
   * come before the call, another worker may own the shard: then leave at once.
   */
  readonly leave: (shard: number, leaseLost: AbortSignal) => Promise<void>;
  readonly log: Log;
  readonly leaseMs?: number;
  readonly everyMs?: number;
}

const EVERY_SHARD = Array.from({ length: SHARDS }, (_, shard) => shard);

/** Shard that is being left; `done` resolves at the end. */
interface Leaving {
  readonly fence: number;
  readonly leaseLost: AbortController;
  readonly done: Promise<void>;
}

/**
 * Leases by which the live workers share the shards.
 * A dead worker loses its shards after `leaseMs`; a new worker gets a share from those that have more. A worker that
 * can't reach Redis leaves its shards before others may take them.
 */
export class ShardLeases {
  readonly #deps: LeasesDeps;
  readonly #store: LeaseStore;
  readonly #owned = new Map<number, number>();
  readonly #leaving = new Map<number, Leaving>();
  /** Shorter than the lease. Connections need a moment to close before other workers may take the shard. */
  readonly #validMs: number;
  readonly #watchdog: NodeJS.Timeout;
  readonly #renewals: Promise<void>;
  readonly #stopped = new AbortController();
  /** In ms of `performance.now()`. */
  #validUntil = 0;
  #isStopping = false;

  /** Begins at once. */
  constructor(deps: LeasesDeps) {
    const { leaseMs = 6_000, everyMs = 1_000 } = deps;
    this.#deps = deps;
    this.#store = leaseStore(deps.redis, deps.worker, leaseMs);
    this.#validMs = leaseMs * 0.8;
    this.#renewals = runEvery(everyMs, () => this.#renew(), {
      signal: this.#stopped.signal,
      onError: (err) => deps.log.warn({ err }, "shard lease renewal failed; retrying"),
    });
    // Redis may be away for longer than the lease: then another worker may own the shards.
    this.#watchdog = setInterval(() => this.#checkValidity(), Math.min(250, leaseMs / 10));
  }

  /** Hands every shard back. */
  async stop(): Promise<void> {
    // Shards that are being left stay leased, and renewed, until they are left.
    this.#isStopping = true;
    await this.#handOver([...this.#owned.keys()]);
    await Promise.all([...this.#leaving.values()].map(({ done }) => done));
    this.#stopped.abort();
    clearInterval(this.#watchdog);
    await this.#renewals;
    // Includes shards that were assigned while the end was announced.
    await this.#store.release(EVERY_SHARD);
    await this.#store.leave();
  }

  async #renew(): Promise<void> {
    const sentAt = performance.now();
    const { share, owned } = await this.#store.renew(!this.#isStopping);
    this.#validUntil = sentAt + this.#validMs;
    this.#leaveLost(owned);
    // An answer that took so long is about the past: the next one says whether the shards are still owned.
    if (this.#isStopping || performance.now() >= this.#validUntil) return;
    this.#beginNew(owned);
    void this.#handOver([...this.#owned.keys()].slice(share));
  }

  #beginNew(owned: ReadonlyMap<number, number>): void {
    const gained = [...owned].filter(([shard]) => !this.#owned.has(shard) && !this.#leaving.has(shard));
    if (gained.length > 0)
      this.#deps.log.info({ shards: gained.length, before: this.#owned.size }, "shard leases acquired");
    for (const [shard, fence] of gained) {
      this.#owned.set(shard, fence);
      this.#deps.gained(shard, fence);
    }
  }

  #leaveLost(owned: ReadonlyMap<number, number>): void {
    const lostShards = [...this.#owned].filter(([shard, fence]) => owned.get(shard) !== fence);
    if (lostShards.length > 0)
      this.#deps.log.warn({ shards: lostShards.length }, "shard leases lost to another worker");
    for (const [shard] of lostShards) void this.#drop(shard, true);
    for (const [shard, leaving] of this.#leaving) if (owned.get(shard) !== leaving.fence) leaving.leaseLost.abort();
  }

  #checkValidity(): void {
    if (performance.now() < this.#validUntil) return;
    const shards = [...this.#owned.keys()];
    if (shards.length > 0)
      this.#deps.log.warn({ shards: shards.length }, "shard leases expired; connections close until Redis answers");
    for (const shard of shards) void this.#drop(shard, true);
    for (const { leaseLost } of this.#leaving.values()) leaseLost.abort();
  }

  #handOver(shards: readonly number[]): Promise<unknown> {
    if (shards.length > 0) this.#deps.log.info({ shards: shards.length }, "shard leases handed over");
    return Promise.all(shards.map((shard) => this.#drop(shard, false, () => this.#store.release([shard]))));
  }

  /** Leaves a shard; `after` then gives it to other workers. */
  #drop(shard: number, isLost: boolean, after?: () => Promise<unknown>): Promise<void> {
    const { leave, log } = this.#deps;
    const leaseLost = new AbortController();
    if (isLost) leaseLost.abort();
    const fence = this.#owned.get(shard) ?? 0;
    this.#owned.delete(shard);
    const done = leave(shard, leaseLost.signal)
      .catch((err: unknown) => log.error({ err, shard }, "leaving a shard failed"))
      .then(after)
      .catch((err: unknown) => log.warn({ err, shard }, "shard lease release failed; the lease expires by itself"))
      .then(() => void this.#leaving.delete(shard));
    this.#leaving.set(shard, { fence, leaseLost, done });
    return done;
  }
}
