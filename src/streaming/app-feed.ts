import { compareIds, formatCursor } from "../event-log/cursor.ts";
import type { LogBounds, LogEntry, LogPage } from "../event-log/event-log.ts";
import { selects } from "../event-log/filter.ts";
import type { Revocation } from "../model/caller.ts";
import type { Log } from "../model/log.ts";
import { createBatch, encodeEvent } from "./encoded-event.ts";
import { fanOut, type Subscriber } from "./fan-out.ts";
import { recentEvents } from "./recent-events.ts";
import type { StreamGap } from "./subscriber.ts";

/** One app's log as this process follows it: how far it is read, its newest events, and who listens. */
export interface AppFeed {
  readonly app: string;
  readonly epoch: () => string;
  /** The last id read. */
  readonly lastId: () => string;
  /** Everything after this id is in memory. */
  readonly inMemoryAfter: () => string;
  /** Takes what the reader read; what was read before is passed over. */
  readonly accept: (entries: readonly LogEntry[]) => void;
  /** The log was begun anew, or a stretch of it is lost: says `gap` to all whom it concerns and goes on from there. */
  readonly restart: (bounds: LogBounds) => void;
  readonly join: (subscriber: Subscriber) => void;
  /** From here on the listener gets events as they come; its rest in memory goes out first. */
  readonly goLive: (subscriber: Subscriber) => void;
  readonly leave: (subscriber: Subscriber) => void;
  /** Revocations read lately, for a listener whose credentials were checked just before one came. */
  readonly revocations: () => readonly Revocation[];
}

const CONTROLS_KEPT = 64;

/** Follows one app from the newest page of its log on. */
export function openAppFeed(app: string, page: LogPage, log: Log): AppFeed {
  let epoch = page.epoch;
  let lastId = "0-0";
  let controls: Revocation[] = [];
  const subscribers = new Set<Subscriber>();
  const live = fanOut(app, log);
  const opening = page.entries[0];
  const recent = recentEvents(opening === undefined ? page.last : before(opening.id));

  function acceptEntry({ id, epoch: stated, control, event }: LogEntry): void {
    if (stated !== undefined && stated !== epoch) {
      live.flush();
      restart({ epoch: stated, first: id, last: id, trimmed: false });
    } else if (control !== undefined) {
      live.flush();
      const revocation = JSON.parse(control) as Revocation;
      controls = [...controls.slice(1 - CONTROLS_KEPT), revocation];
      for (const subscriber of subscribers) subscriber.callbacks.onControl?.(revocation);
    } else if (event !== undefined) {
      const encoded = encodeEvent(epoch, id, event);
      recent.push(encoded);
      live.offer(encoded, (subscriber) => subscriber.epoch === epoch && compareIds(id, subscriber.scanned) > 0);
    }
  }
  function accept(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (compareIds(entry.id, lastId) <= 0) continue;
      try {
        acceptEntry(entry);
      } catch (error) {
        log.error({ err: error, app, entry: entry.id }, "an entry of the event log can't be read and is passed over");
      }
      lastId = entry.id;
    }
    live.flush();
  }
  function restart(bounds: LogBounds): void {
    const lost = formatCursor(epoch, lastId);
    const newEpoch = bounds.epoch !== epoch;
    epoch = bounds.epoch;
    // A new log that is still whole is read from its beginning: nothing of it needs to be missed.
    lastId = newEpoch && !bounds.trimmed ? (bounds.first ?? bounds.last) : bounds.last;
    recent.restart(lastId);
    const gap = gapFor({ ...bounds, last: lastId });
    for (const subscriber of subscribers) {
      if (newEpoch ? subscriber.epoch !== epoch : subscriber.live) skip(subscriber, lost, gap);
    }
  }
  function skip(subscriber: Subscriber, lost: string, gap: StreamGap): void {
    const requested = subscriber.live ? lost : formatCursor(subscriber.epoch, subscriber.scanned);
    subscriber.epoch = epoch;
    subscriber.scanned = lastId;
    subscriber.callbacks.onGap?.({ ...gap, requested });
  }
  function goLive(subscriber: Subscriber): void {
    const rest = recent.after(subscriber.scanned).filter((event) => selects(subscriber.selector, event.facts));
    if (rest.length > 0) live.send(subscriber, createBatch(rest));
    for (const event of rest) event.encodings.clear();
    if (subscriber.stopped) return;
    if (compareIds(lastId, subscriber.scanned) > 0) subscriber.scanned = lastId;
    subscriber.live = true;
    live.add(subscriber);
  }
  accept(page.entries);
  lastId = page.last;

  return {
    app,
    epoch: () => epoch,
    lastId: () => lastId,
    inMemoryAfter: recent.start,
    accept,
    restart,
    join: (subscriber) => void subscribers.add(subscriber),
    goLive,
    leave: (subscriber) => {
      subscriber.stopped = true;
      subscribers.delete(subscriber);
      if (subscriber.live) live.remove(subscriber);
    },
    revocations: () => controls,
  };
}

/** What a gap says of the log: reading from `earliest` gives all that is kept, from `latest` what comes. */
export function gapFor({ epoch, first, last }: LogBounds): { readonly earliest: string; readonly latest: string } {
  return { earliest: formatCursor(epoch, first ?? last), latest: formatCursor(epoch, last) };
}

/** The greatest id that is older. */
function before(id: string): string {
  const [ms, seq] = id.split("-") as [string, string];
  return seq === "0" ? `${BigInt(ms) - 1n}-18446744073709551615` : `${ms}-${BigInt(seq) - 1n}`;
}
