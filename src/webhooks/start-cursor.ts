import { formatCursor, parseCursor } from "../event-log/cursor.ts";
import { isGap, type LogBounds } from "../event-log/event-log.ts";

/**
 * Returns the first cursor of a webhook for `latest`, `earliest` or a cursor still kept. Otherwise undefined.
 * `earliest` stays as a word where no cursor lies before the oldest event kept.
 */
export function startCursor(from: string, bounds: LogBounds): string | undefined {
  const { epoch, first, last, isTrimmed: trimmed } = bounds;
  if (from === "latest") return formatCursor(epoch, last);
  if (from === "earliest") return trimmed || first === undefined ? from : formatCursor(epoch, first);
  const cursor = parseCursor(from);
  return cursor === undefined || isGap(cursor, bounds) ? undefined : from;
}
