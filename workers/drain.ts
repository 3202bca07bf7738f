import { setTimeout as sleep } from "node:timers/promises";
import { ulid } from "ulid";
import type { Deliver } from "../src/delivery/deliver.ts";
import { laneParts } from "../src/model/lane.ts";
import type { Log } from "../src/model/log.ts";
import type { LaneQueues } from "../src/outbox/lane-queues.ts";
import type { DrainShard, LaneItem, LaneState, Outbox, ReadyItems } from "../src/outbox/outbox.ts";
import type { ReadySignal } from "../src/outbox/ready-signal.ts";
import type { Platform } from "../src/platform/platform.ts";
import type { FairSlots, SlotSeat } from "./fair-slots.ts";
import type { LaneShares } from "./lane-shares.ts";

export interface DrainDeps {
  readonly outbox: Pick<
    Outbox,
    "startDrain" | "claimReady" | "restoreStrays" | "finishDrain" | "readyLane" | "releaseLane"
  >;
  readonly lanes: Pick<LaneQueues, "wakeShard">;
  readonly deliver: Deliver;
  readonly find: (platform: string) => Platform | undefined;
  readonly log: Log;
  readonly onLane?: (platform: string, change: 1 | -1) => void;
  /** Lanes under way in this process, over all drain shards of a queue. */
  readonly slots: FairSlots;
  /** Shares of apps and hosts in those slots. */
  readonly shares: LaneShares;
  readonly ready: ReadySignal;
  /** Aborts items under way. */
  readonly signal: AbortSignal;
  /** Aborted when the worker closes: items under way end, no others begin. */
  readonly closing: AbortSignal;
}

/** A hot lane makes room for others after so many items. */
const MAX_ITEMS_IN_A_ROW = 50;
/** Maximum number of lanes in one claim. */
const MAX_CLAIM = 20;
/** Time that an idle drainer stays, so that the next activity needs no BullMQ job. */
const LINGER_MS = 500;
/** Longest pause between two claims: a claim also renews the drainer's token. */
const HEARTBEAT_MS = 1_000;
/** Time between two searches for lanes whose claim's answer was lost. */
const STRAY_CHECK_MS = 5_000;
/** Longest wait for a retry that the drainer keeps. The sweep looks after later ones. */
const MAX_OWN_WAIT_MS = 5_000;
/** Pause of a lane that could not be carried out. */
const FAILED_LANE_MS = 5_000;

/** Carries out ready lanes of a shard, several at once, until the shard is idle. */
export class Drainer {
  readonly #deps: DrainDeps;
  readonly #shard: DrainShard;
  readonly #token = ulid();
  readonly #seat: SlotSeat;
  readonly #held = new Set<LaneItem>();
  #waiting = 0;
  #isLost = false;
  /** True while shares hold ready lanes back. The end of any lane of the tag may free them. */
  #isLimited = false;
  /** True when a lane of the tag ended since the last claim began. */
  #isShareFreed = false;
  #isEnding = false;
  #signOfLifeAt = 0;
  #strayCheckAt = performance.now() + STRAY_CHECK_MS;
  #wake: () => void = () => undefined;
  #isNotified = false;

  constructor(deps: DrainDeps, shard: DrainShard) {
    this.#deps = deps;
    this.#shard = shard;
    this.#seat = deps.slots.join(() => this.#notify());
  }

  /** Resolves when the shard is idle, lost to another drainer, or the worker closes. Throws when Redis fails. */
  async run(): Promise<void> {
    const { outbox, ready, shares, lanes, closing } = this.#deps;
    const notify = (): void => this.#notify();
    closing.addEventListener("abort", notify, { once: true });
    const unsubscribe = ready.subscribe(this.#shard, notify);
    const unsubscribeShares = shares.subscribe(this.#shard.tag, () => this.#onShareFreed());
    try {
      await outbox.startDrain(this.#shard, this.#token);
      await this.#claimUntilIdle();
    } finally {
      this.#isEnding = true;
      this.#seat.withdraw();
      unsubscribe();
      unsubscribeShares();
      closing.removeEventListener("abort", notify);
      while (this.#held.size > 0) await this.#pause(HEARTBEAT_MS);
      // Lanes that are left need another drainer: this worker closes, or a call failed.
      if ((await outbox.finishDrain(this.#shard, this.#token, true)) === "more") await lanes.wakeShard(this.#shard);
    }
  }

  async #claimUntilIdle(): Promise<void> {
    let idleSince = performance.now();
    while (!this.#deps.closing.aborted && !this.#isLost) {
      if (await this.#claim()) continue;
      if (performance.now() >= this.#strayCheckAt) await this.#restoreStrays();
      const isIdle = this.#held.size === 0 && this.#waiting === 0;
      if (!isIdle) idleSince = performance.now();
      if (performance.now() - idleSince >= LINGER_MS && (await this.#isFinished())) return;
      await this.#pause(isIdle ? LINGER_MS : HEARTBEAT_MS);
    }
  }

  async #isFinished(): Promise<boolean> {
    const answer = await this.#deps.outbox.finishDrain(this.#shard, this.#token, false);
    if (answer === "more") await this.#restoreStrays();
    return answer !== "more";
  }

  /**
   * Claims as many lanes as there are slots. Returns whether more may be ready; otherwise the next message tells. Without
   * a slot the seat tells when it has one.
   */
  async #claim(): Promise<boolean> {
    const limit = this.#seat.take(MAX_CLAIM);
    if (limit === 0 && performance.now() < this.#signOfLifeAt) return false;
    this.#signOfLifeAt = performance.now() + HEARTBEAT_MS;
    const { shares } = this.#deps;
    this.#isShareFreed = false;
    let claimed: ReadyItems | undefined;
    try {
      claimed = await this.#deps.outbox.claimReady(this.#shard, this.#token, limit, shares.limits());
    } finally {
      this.#seat.giveBack(limit - (claimed?.items.length ?? 0));
    }
    if (claimed === undefined) this.#isLost = true;
    this.#isLimited = claimed?.isLimited === true;
    for (const item of claimed?.items ?? []) void this.#carryOut(item);
    return claimed?.mayHaveMore === true || (this.#isLimited && this.#isShareFreed);
  }

  #onShareFreed(): void {
    this.#isShareFreed = true;
    if (this.#isLimited) this.#notify();
  }

  async #restoreStrays(): Promise<void> {
    this.#strayCheckAt = performance.now() + STRAY_CHECK_MS;
    const restored = await this.#deps.outbox.restoreStrays(
      this.#shard,
      this.#token,
      [...this.#held].map(({ lane }) => lane),
    );
    if (restored > 0) this.#notify();
  }

  /** Carries out a lane. A failure stays within it: the lane is tried again after a pause. */
  async #carryOut(item: LaneItem): Promise<void> {
    const { outbox, shares, log } = this.#deps;
    const { app, lane } = item;
    this.#held.add(item);
    shares.add(lane);
    try {
      await this.#after(item, await this.#drainLane(item));
    } catch (err) {
      log.error({ err, app, lane }, "lane failed; trying again");
      await outbox
        .releaseLane(item, FAILED_LANE_MS)
        .catch((error: unknown) =>
          log.warn({ err: error, app, lane }, "lane could not be released; found again later"),
        );
    } finally {
      this.#held.delete(item);
      shares.remove(lane);
      this.#seat.giveBack(1);
      if (this.#isEnding) this.#notify();
    }
  }

  async #drainLane(item: LaneItem): Promise<LaneState | { readonly kind: "unknown-platform" }> {
    const { find, onLane, deliver, signal, closing } = this.#deps;
    const platform = find(laneParts(item.lane).platform);
    if (platform === undefined) return { kind: "unknown-platform" };
    onLane?.(platform.id, 1);
    try {
      let state: LaneState = { kind: "item", item };
      for (let count = 0; state.kind === "item" && count < MAX_ITEMS_IN_A_ROW; count++) {
        if (closing.aborted && count > 0) break;
        state = await deliver(platform, state.item, signal);
      }
      return state;
    } finally {
      onLane?.(platform.id, -1);
    }
  }

  async #after(item: LaneItem, state: LaneState | { readonly kind: "unknown-platform" }): Promise<void> {
    const { outbox } = this.#deps;
    switch (state.kind) {
      case "item":
        // Claimed but not begun: the next claim gets a new fence.
        return outbox.releaseLane(state.item);
      case "lost":
        return outbox.releaseLane(item);
      case "unknown-platform":
        // For a worker that has the platform switched on.
        return outbox.releaseLane(item, FAILED_LANE_MS);
      case "wait":
        if (state.ms <= MAX_OWN_WAIT_MS) void this.#retry(item, state.ms);
        return;
      case "empty":
    }
  }

  async #retry({ app, lane }: LaneItem, ms: number): Promise<void> {
    const { outbox, log } = this.#deps;
    this.#waiting += 1;
    try {
      await sleep(ms, undefined, { ref: false });
      await outbox.readyLane(app, lane);
    } catch (err) {
      log.debug({ err, app, lane }, "retry could not be made ready; the sweep finds it");
    } finally {
      this.#waiting -= 1;
      this.#notify();
    }
  }

  #notify(): void {
    this.#isNotified = true;
    this.#wake();
  }

  async #pause(ms: number): Promise<void> {
    if (!this.#isNotified) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isNotified = false;
  }
}
