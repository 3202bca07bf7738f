import { compareIds, formatCursor } from "../event-log/cursor.ts";
import type { LogBounds, LogEntry, LogPage } from "../event-log/event-log.ts";
import { selects } from "../event-log/filter.ts";
import type { Revocation } from "../model/caller.ts";
import type { Log } from "../model/log.ts";
import { batchOf, frameOf } from "./encoded-event.ts";
import { fanOut, type Listener } from "./fan-out.ts";
import { eventWindow } from "./recent-events.ts";
import type { Gap } from "./subscriber.ts";

/** One app's log as this process follows it: how far it is read, its newest events, and who listens. */
export interface Followed {
  readonly app: string;
  readonly epoch: () => string;
  /** The last id read. */
  readonly at: () => string;
  /** Everything after this id is in memory. */
  readonly inMemoryAfter: () => string;
  /** Takes what the reader read; what was read before is passed over. */
  readonly accept: (entries: readonly LogEntry[]) => void;
  /** The log was begun anew, or a stretch of it is lost: says `gap` to all whom it concerns and goes on from there. */
  readonly restart: (bounds: LogBounds) => void;
  readonly enter: (listener: Listener) => void;
  /** From here on the listener gets events as they come; its rest in memory goes out first. */
  readonly enlist: (listener: Listener) => void;
  readonly leave: (listener: Listener) => void;
  /** Revocations read lately, for a listener whose credentials were checked just before one came. */
  readonly revocations: () => readonly Revocation[];
}

const CONTROLS_KEPT = 64;

/** Follows one app from the newest page of its log on. */
export function followed(app: string, page: LogPage, log: Log): Followed {
  let epoch = page.epoch;
  let at = "0-0";
  let controls: Revocation[] = [];
  const everyone = new Set<Listener>();
  const live = fanOut(app, log);
  const opening = page.entries[0];
  const window = eventWindow(opening === undefined ? page.last : before(opening.id));

  function take({ id, epoch: stated, control, event }: LogEntry): void {
    if (stated !== undefined && stated !== epoch) {
      live.flush();
      restart({ epoch: stated, first: id, last: id, trimmed: false });
    } else if (control !== undefined) {
      live.flush();
      const revocation = JSON.parse(control) as Revocation;
      controls = [...controls.slice(1 - CONTROLS_KEPT), revocation];
      for (const listener of everyone) listener.follower.onControl?.(revocation);
    } else if (event !== undefined) {
      const frame = frameOf(epoch, id, event);
      window.push(frame);
      live.offer(frame, (listener) => listener.epoch === epoch && compareIds(id, listener.scanned) > 0);
    }
  }
  function accept(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (compareIds(entry.id, at) <= 0) continue;
      try {
        take(entry);
      } catch (error) {
        log.error({ err: error, app, entry: entry.id }, "an entry of the event log can't be read and is passed over");
      }
      at = entry.id;
    }
    live.flush();
  }
  function restart(bounds: LogBounds): void {
    const lost = formatCursor(epoch, at);
    const newEpoch = bounds.epoch !== epoch;
    epoch = bounds.epoch;
    // A new log that is still whole is read from its beginning: nothing of it needs to be missed.
    at = newEpoch && !bounds.trimmed ? (bounds.first ?? bounds.last) : bounds.last;
    window.restart(at);
    const gap = gapOf({ ...bounds, last: at });
    for (const listener of everyone) {
      if (newEpoch ? listener.epoch !== epoch : listener.live) skip(listener, lost, gap);
    }
  }
  function skip(listener: Listener, lost: string, gap: Gap): void {
    const requested = listener.live ? lost : formatCursor(listener.epoch, listener.scanned);
    listener.epoch = epoch;
    listener.scanned = at;
    listener.follower.onGap?.({ ...gap, requested });
  }
  function enlist(listener: Listener): void {
    const rest = window.after(listener.scanned).filter((frame) => selects(listener.selector, frame.facts));
    if (rest.length > 0) live.send(listener, batchOf(rest));
    for (const frame of rest) frame.built.clear();
    if (listener.stopped) return;
    if (compareIds(at, listener.scanned) > 0) listener.scanned = at;
    listener.live = true;
    live.add(listener);
  }
  accept(page.entries);
  at = page.last;

  return {
    app,
    epoch: () => epoch,
    at: () => at,
    inMemoryAfter: window.start,
    accept,
    restart,
    enter: (listener) => void everyone.add(listener),
    enlist,
    leave: (listener) => {
      listener.stopped = true;
      everyone.delete(listener);
      if (listener.live) live.remove(listener);
    },
    revocations: () => controls,
  };
}

/** What a gap says of the log: reading from `earliest` gives all that is kept, from `latest` what comes. */
export function gapOf({ epoch, first, last }: LogBounds): { readonly earliest: string; readonly latest: string } {
  return { earliest: formatCursor(epoch, first ?? last), latest: formatCursor(epoch, last) };
}

/** The greatest id that is older. */
function before(id: string): string {
  const [ms, seq] = id.split("-") as [string, string];
  return seq === "0" ? `${BigInt(ms) - 1n}-18446744073709551615` : `${ms}-${BigInt(seq) - 1n}`;
}
