import { compareIds, formatCursor, parseCursor } from "../event-log/cursor.ts";
import { EventLogUnavailable, isGap, type LogBounds } from "../event-log/event-log.ts";
import { selectorOf } from "../event-log/filter.ts";
import { type AppFeed, gapFor } from "./app-feed.ts";
import { catchUp } from "./catch-up.ts";
import { connectionHealth } from "./connection-health.ts";
import type { Subscriber } from "./fan-out.ts";
import { type FeedLease, type FeedRegistryDeps, feedRegistry } from "./feed-registry.ts";
import type { StreamStart, SubscribeRequest, SubscriberCallbacks, Subscription, Tail } from "./subscriber.ts";

export type TailDeps = FeedRegistryDeps;

const SUBSCRIBE_TIMEOUT_MS = 3_000;

type Position = StreamStart & { readonly epoch: string; readonly id: string; readonly fromStart?: boolean } & {
  /** The log's last id when the listener asked. */
  readonly until: string;
};

/**
 * One tail per process. Has a blocking reader for all apps with listeners (one per hash tag on a Redis Cluster), the
 * newest events in memory, and an index, so that an event reaches only matching listeners.
 */
export function eventTail(deps: TailDeps): Tail {
  const { log, logger } = deps;
  const registry = feedRegistry(deps);
  const health = connectionHealth(deps.control);

  async function positionFor(
    feed: AppFeed,
    { after = "latest", skipBounds: loosely }: SubscribeRequest,
  ): Promise<Position> {
    if (loosely) return latestPosition(feed.epoch(), feed.lastId());
    const bounds = await log.bounds(feed.app);
    if (bounds.epoch !== feed.epoch()) feed.restart(bounds);
    if (after === "latest") return latestPosition(bounds.epoch, bounds.last);
    return after === "earliest" ? earliestPosition(bounds) : positionAfter(after, bounds);
  }
  async function subscribe(request: SubscribeRequest, callbacks: SubscriberCallbacks): Promise<Subscription> {
    if (!health.healthy()) throw new EventLogUnavailable();
    const lease = registry.acquire(request.app);
    try {
      const { state: feed, position } = await inTime(
        lease.opened.then(async (feed) => ({ state: feed, position: await positionFor(feed, request) })),
      );
      return join(lease, feed, position, request, callbacks);
    } catch (error) {
      registry.release(lease);
      throw new EventLogUnavailable(error);
    }
  }
  function join(
    lease: FeedLease,
    feed: AppFeed,
    position: Position,
    request: SubscribeRequest,
    callbacks: SubscriberCallbacks,
  ): Subscription {
    const subscriber: Subscriber = {
      selector: selectorOf(request.filter ?? {}, request.limits ?? {}),
      callbacks,
      epoch: position.epoch,
      scanned: position.id,
      live: false,
      stopped: false,
      pending: [],
    };
    feed.join(subscriber);
    callbacks.onStart?.(position.gap ? { cursor: position.cursor, gap: position.gap } : { cursor: position.cursor });
    for (const revocation of feed.revocations()) callbacks.onControl?.(revocation);
    void catchUp({ feed, subscriber, log, logger, fromStart: position.fromStart ?? false, until: position.until });
    return {
      position: () => {
        const ahead =
          subscriber.live && subscriber.epoch === feed.epoch() && compareIds(feed.lastId(), subscriber.scanned) > 0;
        return formatCursor(subscriber.epoch, ahead ? feed.lastId() : subscriber.scanned);
      },
      stop: () => {
        if (subscriber.stopped) return;
        feed.leave(subscriber);
        registry.release(lease);
      },
    };
  }
  return {
    subscribe,
    healthy: () => health.healthy() && registry.healthy(),
    close: async () => {
      health.stop();
      await registry.close();
    },
  };
}

function latestPosition(epoch: string, id: string): Position {
  return { epoch, id, cursor: formatCursor(epoch, id), until: id };
}

function earliestPosition({ epoch, first, last: until, isTrimmed: trimmed }: LogBounds): Position {
  // No cursor lies before the first entry of a trimmed log without being a gap, so the word itself is the position.
  if (trimmed || first === undefined) return { epoch, id: "0-0", cursor: "earliest", fromStart: true, until };
  return { epoch, id: first, cursor: formatCursor(epoch, first), until };
}

/** With a gap `ready` still tells the cursor asked for. Whoever is cut between `ready` and `gap` asks again and is told. */
function positionAfter(after: string, bounds: LogBounds): Position {
  const cursor = parseCursor(after);
  if (cursor && !isGap(cursor, bounds))
    return { epoch: bounds.epoch, id: cursor.id, cursor: after, until: bounds.last };
  const gap = { ...(cursor ? { requested: after } : {}), ...gapFor(bounds) };
  return { ...latestPosition(bounds.epoch, bounds.last), cursor: cursor ? after : gap.latest, gap };
}

/** A Redis that went away without a word must not keep a listener waiting. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new EventLogUnavailable()), SUBSCRIBE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
