import { laneParts } from "../src/model/lane.ts";
import type { ClaimShares } from "../src/outbox/outbox.ts";
import { keys } from "../src/redis/keys.ts";

/** Lanes under way in a worker, by app and by host of an app. */
export interface LaneShares {
  /** Returns the shares for the next claim. */
  readonly limits: () => ClaimShares;
  readonly add: (lane: string) => void;
  readonly remove: (lane: string) => void;
  /**
   * Calls `onFreed` at the end of each lane of the hash tag, of all drainers.
   * The tag's drainers share an app's lanes, so one may wait for what another holds. Returns the function that ends it.
   */
  readonly subscribe: (tag: string, onFreed: () => void) => () => void;
}

/** Lanes of an app for each free slot. Alone, an app gets about two thirds of the slots. */
const APP_PER_FREE = 2;
/** Lanes of an app to one host for each free slot. Alone, a host gets about half of the slots. */
const HOST_PER_FREE = 1;
/** Part of the slots that only apps without lanes under way may take. */
const RESERVE = 1 / 10;

/**
 * Makes the shares of `total` slots. What one app, and one host of an app, may hold shrinks with the slots that are free,
 * so that some are left for others, however many apps' servers hang (dynamic thresholds, as switches share buffers).
 */
export function laneShares(total: number): LaneShares {
  const running = new Map<string, number>();
  const listeners = new Map<string, Set<() => void>>();
  let count = 0;

  function change(lane: string, by: 1 | -1): void {
    const { app, host } = laneParts(lane);
    count += by;
    for (const name of [app, `${app}|${host}`]) {
      const lanes = (running.get(name) ?? 0) + by;
      if (lanes > 0) running.set(name, lanes);
      else running.delete(name);
    }
  }

  return {
    limits: () => ({
      free: total - Math.floor(total * RESERVE) - count,
      appPerFree: APP_PER_FREE,
      hostPerFree: HOST_PER_FREE,
      running,
    }),
    add: (lane) => change(lane, 1),
    remove(lane) {
      change(lane, -1);
      for (const onFreed of listeners.get(keys.tagOf(laneParts(lane).app)) ?? []) onFreed();
    },
    subscribe(tag, onFreed) {
      const ofTag = listeners.get(tag) ?? new Set();
      listeners.set(tag, ofTag.add(onFreed));
      return () => {
        ofTag.delete(onFreed);
        if (ofTag.size === 0 && listeners.get(tag) === ofTag) listeners.delete(tag);
      };
    },
  };
}
