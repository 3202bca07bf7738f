import type { Platform } from "../src/platform/platform.ts";
import { TOPIC_PARTITIONS } from "../src/polling/redis-topics.ts";
import type { DueTopic } from "../src/polling/topics.ts";
import { runEvery } from "../src/timing/run-every.ts";
import { type PolledPlatform, type TopicPollerDeps, topicPoller } from "./poll-topic.ts";

export interface PollWorkerDeps extends Omit<TopicPollerDeps, "signal"> {
  readonly find: (platform: string) => Platform | undefined;
  /** Concurrent polls in this process. */
  readonly maxConcurrent?: number;
  readonly intervalMs?: number;
}

/** Longer than any poll takes; afterwards another worker may claim the topic. */
const LEASE_MS = 120_000;
/** Share of the polls in this process that one app can use at once. Feeds that hang leave room for other apps. */
const APP_SHARE = 1 / 4;
/** Pause before the next round while more topics are due. */
const BUSY_INTERVAL_MS = 10;
/** Intervals between two rounds while there is no topic at all. */
const IDLE_FACTOR = 3;

/** Polls due topics, once for all subscribers. */
export function pollWorker(deps: PollWorkerDeps): { readonly stop: () => Promise<void> } {
  const { topics, find, log, maxConcurrent = 50, intervalMs = 1_000 } = deps;
  const stopping = new AbortController();
  const poll = topicPoller({ ...deps, signal: stopping.signal });
  const running = new Set<Promise<void>>();
  const runningByApp = new Map<string, number>();
  let firstPartition = 0;

  function start(due: DueTopic): void {
    const platform = find(due.platform);
    // A platform disabled in this process: after the lease another worker may know the platform.
    if (!platform || !isPolled(platform)) return;
    countFor(due.app, 1);
    const task = poll(due, platform)
      .catch((err: unknown) => log.warn({ err, topic: due.id }, "poll results could not be stored; polling again"))
      .finally(() => {
        running.delete(task);
        countFor(due.app, -1);
      });
    running.add(task);
  }

  function countFor(app: string | undefined, change: 1 | -1): void {
    if (app === undefined) return;
    const count = (runningByApp.get(app) ?? 0) + change;
    if (count === 0) runningByApp.delete(app);
    else runningByApp.set(app, count);
  }

  /** Starts polls up to the limit; returns the time until the next round in ms. */
  async function startDue(): Promise<number> {
    if (!(await topics.hasTopics())) return restMs(false);
    let isMoreDue = false;
    let hasTopics = false;
    for (let offset = 0; offset < TOPIC_PARTITIONS; offset++) {
      const capacity = maxConcurrent - running.size;
      if (capacity <= 0 || stopping.signal.aborted) return BUSY_INTERVAL_MS;
      const claimed = await topics.claimDue((firstPartition + offset) % TOPIC_PARTITIONS, {
        maxTopics: capacity,
        leaseMs: LEASE_MS,
        maxPerApp: Math.max(1, Math.floor(maxConcurrent * APP_SHARE)),
        running: runningByApp,
      });
      hasTopics ||= claimed !== undefined;
      for (const due of claimed ?? []) start(due);
      isMoreDue ||= claimed?.length === capacity;
    }
    return isMoreDue ? BUSY_INTERVAL_MS : restMs(hasTopics);
  }

  function restMs(hasTopics: boolean): number {
    return hasTopics ? intervalMs : intervalMs * IDLE_FACTOR;
  }

  async function runRound(): Promise<number> {
    try {
      return await startDue();
    } finally {
      // Each round begins with another partition, so that none waits for the others; at the limit for a free slot.
      firstPartition = (firstPartition + 1) % TOPIC_PARTITIONS;
      if (running.size >= maxConcurrent) await Promise.race(running);
    }
  }

  const rounds = runEvery(intervalMs, runRound, {
    signal: stopping.signal,
    onError: (err) => log.warn({ err }, "due topics could not be claimed; retrying"),
  });

  return {
    async stop() {
      stopping.abort(new Error("shutting down"));
      await rounds;
      await Promise.all(running);
    },
  };
}

function isPolled(platform: Platform): platform is PolledPlatform {
  return platform.poll !== undefined;
}
