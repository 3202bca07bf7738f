import { compareIds, formatCursor, parseCursor } from "../event-log/cursor.ts";
import { EventLogUnavailable, isGap, type LogBounds } from "../event-log/event-log.ts";
import { selectorOf } from "../event-log/filter.ts";
import { type Followed, gapOf } from "./app-feed.ts";
import { replay } from "./catch-up.ts";
import { connectionHealth } from "./connection-health.ts";
import type { Listener } from "./fan-out.ts";
import { type LogSlot, type LogSlotsDeps, logSlots } from "./feed-registry.ts";
import type { Follower, Following, FollowRequest, Start, Tail } from "./subscriber.ts";

export type TailDeps = LogSlotsDeps;

const PATIENCE_MS = 3_000;

type Place = Start & { readonly epoch: string; readonly id: string; readonly fromStart?: boolean } & {
  /** The log's last id when the listener asked. */
  readonly until: string;
};

/**
 * One tail per process: one blocking reader for all apps that have listeners (one per hash tag on a Redis Cluster), the
 * newest events in memory, and an index, so that an event touches only the listeners it is for.
 */
export function eventTail(deps: TailDeps): Tail {
  const { log, logger } = deps;
  const slots = logSlots(deps);
  const health = connectionHealth(deps.control);

  async function placeOf(state: Followed, { after = "latest", loosely }: FollowRequest): Promise<Place> {
    if (loosely) return endOf(state.epoch(), state.at());
    const bounds = await log.bounds(state.app);
    if (bounds.epoch !== state.epoch()) state.restart(bounds);
    if (after === "latest") return endOf(bounds.epoch, bounds.last);
    return after === "earliest" ? earliestPlace(bounds) : placeAfter(after, bounds);
  }
  async function follow(request: FollowRequest, follower: Follower): Promise<Following> {
    if (!health.healthy()) throw new EventLogUnavailable();
    const slot = slots.take(request.app);
    try {
      const { state, place } = await inTime(
        slot.opened.then(async (state) => ({ state, place: await placeOf(state, request) })),
      );
      return join(slot, state, place, request, follower);
    } catch (error) {
      slots.release(slot);
      throw new EventLogUnavailable(error);
    }
  }
  function join(slot: LogSlot, state: Followed, place: Place, request: FollowRequest, follower: Follower): Following {
    const listener: Listener = {
      selector: selectorOf(request.filter ?? {}, request.limits ?? {}),
      follower,
      epoch: place.epoch,
      scanned: place.id,
      live: false,
      stopped: false,
      pending: [],
    };
    state.enter(listener);
    follower.onStart?.(place.gap ? { cursor: place.cursor, gap: place.gap } : { cursor: place.cursor });
    for (const revocation of state.revocations()) follower.onControl?.(revocation);
    void replay({ state, listener, log, logger, fromStart: place.fromStart ?? false, until: place.until });
    return {
      position: () => {
        const ahead = listener.live && listener.epoch === state.epoch() && compareIds(state.at(), listener.scanned) > 0;
        return formatCursor(listener.epoch, ahead ? state.at() : listener.scanned);
      },
      stop: () => {
        if (listener.stopped) return;
        state.leave(listener);
        slots.release(slot);
      },
    };
  }
  return {
    follow,
    healthy: () => health.healthy() && slots.healthy(),
    close: async () => {
      health.stop();
      await slots.close();
    },
  };
}

function endOf(epoch: string, id: string): Place {
  return { epoch, id, cursor: formatCursor(epoch, id), until: id };
}

function earliestPlace({ epoch, first, last: until, trimmed }: LogBounds): Place {
  // No cursor lies before the first entry of a trimmed log without being a gap, so the word itself is the position.
  if (trimmed || first === undefined) return { epoch, id: "0-0", cursor: "earliest", fromStart: true, until };
  return { epoch, id: first, cursor: formatCursor(epoch, first), until };
}

/** With a gap `ready` still tells the cursor asked for: whoever is cut between `ready` and `gap` asks again and is told. */
function placeAfter(after: string, bounds: LogBounds): Place {
  const cursor = parseCursor(after);
  if (cursor && !isGap(cursor, bounds))
    return { epoch: bounds.epoch, id: cursor.id, cursor: after, until: bounds.last };
  const gap = { ...(cursor ? { requested: after } : {}), ...gapOf(bounds) };
  return { ...endOf(bounds.epoch, bounds.last), cursor: cursor ? after : gap.latest, gap };
}

/** A Redis that went away without a word must not keep a listener waiting. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new EventLogUnavailable()), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
