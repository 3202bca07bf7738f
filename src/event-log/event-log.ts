import type { Revocation } from "../model/caller.ts";
import type { Event } from "../model/event.ts";
import { type Cursor, compareIds } from "./cursor.ts";

/** One entry of a log: an event, a control entry, or the statement of the epoch that opens a new log. */
export interface LogEntry {
  readonly id: string;
  /** The event's JSON, one line. */
  readonly event?: string;
  /** A `Revocation`'s JSON. */
  readonly control?: string;
  readonly epoch?: string;
}

/** How far a log reaches, as of one moment. */
export interface LogBounds {
  readonly epoch: string;
  /** The first entry kept; undefined when every entry was trimmed. */
  readonly first: string | undefined;
  /** The last id ever given, kept or not. */
  readonly last: string;
  /** True when the entry that opened the log is gone, so older cursors may have lost something. */
  readonly trimmed: boolean;
}

/** A stretch of a log, read in the same moment as its bounds. */
export interface LogPage extends LogBounds {
  readonly entries: readonly LogEntry[];
}

/** The events of each app in the order of their cursors, kept for a while so that listeners can resume (promise G6). */
export interface EventLog {
  /** Adds an event and answers its cursor. */
  readonly append: (app: string, event: Event) => Promise<string>;
  /** Adds a control entry: every process that follows the log ends the streams that the revocation covers. */
  readonly appendControl: (app: string, revocation: Revocation) => Promise<string>;
  readonly bounds: (app: string) => Promise<LogBounds>;
  /** Up to `count` entries after the id, oldest first, with the bounds. A missing log is begun, so that it has a position. */
  readonly range: (app: string, after: string, count: number) => Promise<LogPage>;
  /** The newest `count` entries, oldest first, with the bounds. */
  readonly newest: (app: string, count: number) => Promise<LogPage>;
  /** Drops what is older than so many hours; answers how many entries went. */
  readonly trim: (app: string, hours: number) => Promise<number>;
}

/** Thrown when the log can't be read just now (its Redis is away); the listener may come back in a moment. */
export class LogAway extends Error {
  constructor(cause?: unknown) {
    super("The event log can't be reached", { cause });
    this.name = "LogAway";
  }
}

/**
 * True when reading on from the cursor would leave a silent hole, or when nobody can tell: it can't be read, is of
 * another epoch, lies after the last entry, or lies before the first one kept of a log that was trimmed.
 */
export function isGap(cursor: Cursor | undefined, bounds: LogBounds): boolean {
  if (cursor === undefined || cursor.epoch !== bounds.epoch) return true;
  if (compareIds(cursor.id, bounds.last) > 0) return true;
  return bounds.trimmed && compareIds(cursor.id, bounds.first ?? bounds.last) < 0;
}
