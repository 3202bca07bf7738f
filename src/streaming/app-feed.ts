import { compareIds, formatCursor } from "../event-log/cursor.ts";
import type { LogBounds, LogEntry, LogPage } from "../event-log/event-log.ts";
import { selects } from "../event-log/filter.ts";
import type { Revocation } from "../model/caller.ts";
import type { Log } from "../model/log.ts";
import { createBatch, encodeEvent } from "./encoded-event.ts";
import { fanOut, type Subscriber } from "./fan-out.ts";
import { recentEvents } from "./recent-events.ts";
import type { StreamGap } from "./subscriber.ts";

/** One app's log as this process follows it. How far it is read, its newest events, and who listens. */
export interface AppFeed {
  readonly app: string;
  readonly epoch: () => string;
  /** The last id read. */
  readonly lastId: () => string;
  /** Everything after this id is in memory. */
  readonly inMemoryAfter: () => string;
  /** Takes what the reader read; what was read before is passed over. */
  readonly accept: (entries: readonly LogEntry[]) => void;
  /** The log was begun anew, or a stretch of it is lost. Says `gap` to all whom it concerns and goes on from there. */
  readonly restart: (bounds: LogBounds) => void;
  readonly join: (subscriber: Subscriber) => void;
  /** From here on the listener gets events as they come. Its rest in memory goes out first. */
  readonly goLive: (subscriber: Subscriber) => void;
  readonly leave: (subscriber: Subscriber) => void;
  /** Revocations read lately, for a listener whose credentials were checked just before one came. */
  readonly revocations: () => readonly Revocation[];
}

const CONTROLS_KEPT = 64;

/** Opens the feed of an app from the newest page of its log. */
export function openAppFeed(app: string, page: LogPage, log: Log): AppFeed {
  return new OpenAppFeed(app, page, log);
}

class OpenAppFeed implements AppFeed {
  readonly app: string;
  readonly inMemoryAfter: () => string;
  readonly #log: Log;
  readonly #live: ReturnType<typeof fanOut>;
  readonly #recent: ReturnType<typeof recentEvents>;
  readonly #subscribers = new Set<Subscriber>();
  #epoch: string;
  #lastId = "0-0";
  #controls: Revocation[] = [];

  constructor(app: string, page: LogPage, log: Log) {
    this.app = app;
    this.#log = log;
    this.#epoch = page.epoch;
    this.#live = fanOut(app, log);
    const opening = page.entries[0];
    this.#recent = recentEvents(opening === undefined ? page.last : before(opening.id));
    this.inMemoryAfter = this.#recent.start;
    this.accept(page.entries);
    this.#lastId = page.last;
  }

  epoch(): string {
    return this.#epoch;
  }
  lastId(): string {
    return this.#lastId;
  }
  revocations(): readonly Revocation[] {
    return this.#controls;
  }

  accept(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (compareIds(entry.id, this.#lastId) <= 0) continue;
      try {
        this.#acceptEntry(entry);
      } catch (err) {
        this.#log.error({ err, app: this.app, entry: entry.id }, "unreadable event log entry skipped");
      }
      this.#lastId = entry.id;
    }
    this.#live.flush();
  }

  restart(bounds: LogBounds): void {
    const lost = formatCursor(this.#epoch, this.#lastId);
    const isNewEpoch = bounds.epoch !== this.#epoch;
    this.#epoch = bounds.epoch;
    // A new log that is still whole is read from its beginning: nothing of it needs to be missed.
    this.#lastId = isNewEpoch && !bounds.isTrimmed ? (bounds.first ?? bounds.last) : bounds.last;
    this.#recent.restart(this.#lastId);
    const gap = gapFor({ ...bounds, last: this.#lastId });
    for (const subscriber of this.#subscribers) {
      if (isNewEpoch ? subscriber.epoch !== this.#epoch : subscriber.live) this.#skip(subscriber, lost, gap);
    }
  }

  join(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  goLive(subscriber: Subscriber): void {
    const rest = this.#recent.after(subscriber.scanned).filter((event) => selects(subscriber.selector, event.facts));
    if (rest.length > 0) this.#live.send(subscriber, createBatch(rest));
    for (const event of rest) event.encodings.clear();
    if (subscriber.stopped) return;
    if (compareIds(this.#lastId, subscriber.scanned) > 0) subscriber.scanned = this.#lastId;
    subscriber.live = true;
    this.#live.add(subscriber);
  }

  leave(subscriber: Subscriber): void {
    subscriber.stopped = true;
    this.#subscribers.delete(subscriber);
    if (subscriber.live) this.#live.remove(subscriber);
  }

  #acceptEntry({ id, epoch: stated, control, event }: LogEntry): void {
    if (stated !== undefined && stated !== this.#epoch) {
      this.#live.flush();
      this.restart({ epoch: stated, first: id, last: id, isTrimmed: false });
    } else if (control !== undefined) {
      this.#live.flush();
      const revocation = JSON.parse(control) as Revocation;
      this.#controls = [...this.#controls.slice(1 - CONTROLS_KEPT), revocation];
      for (const subscriber of this.#subscribers) subscriber.callbacks.onControl?.(revocation);
    } else if (event !== undefined) {
      const encoded = encodeEvent(this.#epoch, id, event);
      this.#recent.push(encoded);
      const isDue = ({ epoch, scanned }: Subscriber) => epoch === this.#epoch && compareIds(id, scanned) > 0;
      this.#live.offer(encoded, isDue);
    }
  }

  #skip(subscriber: Subscriber, lost: string, gap: StreamGap): void {
    const requested = subscriber.live ? lost : formatCursor(subscriber.epoch, subscriber.scanned);
    subscriber.epoch = this.#epoch;
    subscriber.scanned = this.#lastId;
    subscriber.callbacks.onGap?.({ ...gap, requested });
  }
}

/** What a gap says of the log. Reading from `earliest` gives all that is kept, from `latest` what comes. */
export function gapFor({ epoch, first, last }: LogBounds): { readonly earliest: string; readonly latest: string } {
  return { earliest: formatCursor(epoch, first ?? last), latest: formatCursor(epoch, last) };
}

/** The greatest id that is older. */
function before(id: string): string {
  const [ms, seq] = id.split("-") as [string, string];
  return seq === "0" ? `${BigInt(ms) - 1n}-18446744073709551615` : `${ms}-${BigInt(seq) - 1n}`;
}
