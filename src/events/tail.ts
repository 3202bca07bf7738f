import { randomBytes } from "node:crypto";
import { keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { compareIds, formatCursor, parseCursor } from "./cursor.ts";
import { type EventLog, isGap, LogAway, type LogBounds } from "./event-log.ts";
import { selectorOf } from "./filter.ts";
import { type Followed, followed, gapOf, type Listener } from "./followed.ts";
import type { Follower, Following, FollowRequest, Start, Tail } from "./follower.ts";
import { type Connection, type LogReader, logReader } from "./log-reader.ts";
import { replay } from "./replay.ts";

export interface TailDeps {
  /** Makes a connection for a blocking reader; the tail closes it. */
  readonly connect: () => Connection;
  /** A connection for everything else; not closed here. */
  readonly control: Connection;
  readonly log: EventLog;
  readonly logger: Log;
  /** Events kept per app at most, as the log was told. */
  readonly kept: number;
}

const NEWEST_AT_OPENING = 200;
const LINGER_MS = 60_000;
const PATIENCE_MS = 3_000;

interface Slot {
  readonly key: string;
  readonly reader: LogReader;
  readonly opened: Promise<Followed>;
  users: number;
  idleSince: number;
}

type Place = Start & { readonly epoch: string; readonly id: string; readonly fromStart?: boolean };

/**
 * One tail per process: one blocking reader for all apps that have listeners (one per hash tag on a Redis Cluster), the
 * newest events in memory, and an index, so that an event touches only the listeners it is for.
 */
export function eventTail({ connect, control, log, logger, kept }: TailDeps): Tail {
  const name = randomBytes(9).toString("base64url");
  const slots = new Map<string, Slot>();
  const readers = new Map<string, LogReader>();
  const sweeper = setInterval(sweep, LINGER_MS / 2).unref();
  let lost = false;
  const onClose = () => {
    lost = true;
  };
  const onReady = () => {
    lost = false;
  };
  control.on("close", onClose).on("ready", onReady);

  function readerFor(app: string): LogReader {
    const tag = control.isCluster ? keys.tagOf(app) : (keys.tags[0] as string);
    const reader =
      readers.get(tag) ?? logReader({ connect, control, wakeKey: keys.wake(tag, name), log, logger, kept });
    readers.set(tag, reader);
    return reader;
  }
  function slotOf(app: string): Slot {
    const known = slots.get(app);
    if (known) return known;
    const key = keys.log(app);
    const reader = readerFor(app);
    const opened = log.newest(app, NEWEST_AT_OPENING).then((page) => {
      const state = followed(app, page, logger);
      reader.add(key, state);
      return state;
    });
    opened.catch(() => slots.delete(app));
    const slot = { key, reader, opened, users: 0, idleSince: 0 };
    slots.set(app, slot);
    return slot;
  }
  function release(slot: Slot): void {
    slot.users--;
    slot.idleSince = Date.now();
  }
  function sweep(): void {
    for (const [app, slot] of slots) {
      if (slot.users > 0 || Date.now() - slot.idleSince < LINGER_MS) continue;
      slot.reader.remove(slot.key);
      slots.delete(app);
    }
  }
  async function placeOf(state: Followed, after: string): Promise<Place> {
    const here = formatCursor(state.epoch(), state.at());
    if (after === "latest" || after === here) return { epoch: state.epoch(), id: state.at(), cursor: here };
    const bounds = await log.bounds(state.app);
    if (bounds.epoch !== state.epoch()) state.restart(bounds);
    return after === "earliest" ? earliestPlace(bounds) : placeAfter(after, bounds);
  }
  async function follow(request: FollowRequest, follower: Follower): Promise<Following> {
    if (lost) throw new LogAway();
    const slot = slotOf(request.app);
    slot.users++;
    try {
      const { state, place } = await inTime(
        slot.opened.then(async (state) => ({ state, place: await placeOf(state, request.after ?? "latest") })),
      );
      return join(slot, state, place, request, follower);
    } catch (error) {
      release(slot);
      throw new LogAway(error);
    }
  }
  function join(slot: Slot, state: Followed, place: Place, request: FollowRequest, follower: Follower): Following {
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
    void replay({ state, listener, log, logger, fromStart: place.fromStart ?? false });
    return {
      position: () => {
        const ahead = listener.live && listener.epoch === state.epoch() && compareIds(state.at(), listener.scanned) > 0;
        return formatCursor(listener.epoch, ahead ? state.at() : listener.scanned);
      },
      stop: () => {
        if (listener.stopped) return;
        state.leave(listener);
        release(slot);
      },
    };
  }
  return {
    follow,
    healthy: () => !lost && [...readers.values()].every((reader) => reader.healthy()),
    close: async () => {
      clearInterval(sweeper);
      control.off("close", onClose).off("ready", onReady);
      await Promise.all([...readers.values()].map((reader) => reader.close()));
    },
  };
}

function earliestPlace({ epoch, first, trimmed }: LogBounds): Place {
  // No cursor lies before the first entry of a trimmed log without being a gap, so the word itself is the position.
  if (trimmed || first === undefined) return { epoch, id: "0-0", cursor: "earliest", fromStart: true };
  return { epoch, id: first, cursor: formatCursor(epoch, first) };
}

/** With a gap `ready` still tells the cursor asked for: whoever is cut between `ready` and `gap` asks again and is told. */
function placeAfter(after: string, bounds: LogBounds): Place {
  const cursor = parseCursor(after);
  if (cursor && !isGap(cursor, bounds)) return { epoch: bounds.epoch, id: cursor.id, cursor: after };
  const gap = { ...(cursor ? { requested: after } : {}), ...gapOf(bounds) };
  return { epoch: bounds.epoch, id: bounds.last, cursor: cursor ? after : gap.latest, gap };
}

/** A Redis that went away without a word must not keep a listener waiting. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LogAway()), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
