import type { Revocation } from "../model/caller.ts";
import type { Event } from "../model/event.ts";
import { type Cursor, compareIds } from "./cursor.ts";

/** An entry of a log: an event, a control entry, or a new log's epoch. */
export interface LogEntry {
  readonly id: string;
  /** The event's JSON, on a single line. */
  readonly event?: string;
  /** A `Revocation`'s JSON. */
  readonly control?: string;
  readonly epoch?: string;
}

/** Bounds of a log at a moment. */
export interface LogBounds {
  readonly epoch: string;
  /** The first entry kept; undefined when every entry was trimmed. */
  readonly first: string | undefined;
  /** The last id ever given, kept or not. */
  readonly last: string;
  /** True when the log's first entry is gone: older cursors may have lost events. */
  readonly isTrimmed: boolean;
}

/** Consecutive entries of a log, read in the same moment as the bounds. */
export interface LogPage extends LogBounds {
  readonly entries: readonly LogEntry[];
}

/** The events of each app in cursor order. They are kept for a while so that listeners can resume (promise "no silent gap"). */
export interface EventLog {
  /** Adds an event and returns the cursor. */
  readonly append: (app: string, event: Event) => Promise<string>;
  /** Adds a control entry. Every process that tails the log ends the streams that the revocation covers. */
  readonly appendControl: (app: string, revocation: Revocation) => Promise<string>;
  readonly bounds: (app: string) => Promise<LogBounds>;
  /** Reads up to `count` entries after the id, oldest first, with the bounds. A missing log is begun, so that a position exists. */
  readonly range: (app: string, after: string, count: number) => Promise<LogPage>;
  /** Reads the newest `count` entries, oldest first, with the bounds. */
  readonly newest: (app: string, count: number) => Promise<LogPage>;
  /** Drops entries older than so many hours; returns their number. */
  readonly trim: (app: string, hours: number) => Promise<number>;
}

/** Thrown when the log can't be read just now (Redis is away). The listener may come back in a moment. */
export class EventLogUnavailable extends Error {
  constructor(cause?: unknown) {
    super("The event log can't be reached", { cause });
    this.name = "EventLogUnavailable";
  }
}

/**
 * Returns whether reading on from the cursor could leave a silent gap. That is so for a cursor that can't be read, is of
 * another epoch, lies after the last entry, or lies before the first kept entry of a trimmed log.
 */
export function isGap(cursor: Cursor | undefined, bounds: LogBounds): boolean {
  if (cursor === undefined || cursor.epoch !== bounds.epoch) return true;
  if (compareIds(cursor.id, bounds.last) > 0) return true;
  return bounds.isTrimmed && compareIds(cursor.id, bounds.first ?? bounds.last) < 0;
}
