import { formatCursor, parseCursor } from "../event-log/cursor.ts";
import { isGap, type LogBounds } from "../event-log/event-log.ts";

/**
 * The cursor that a hook begins at: `latest`, `earliest`, or a cursor that is still kept; undefined for any other. The word
 * `earliest` stays where no cursor lies before the oldest event kept.
 */
export function placeOf(from: string, bounds: LogBounds): string | undefined {
  const { epoch, first, last, trimmed } = bounds;
  if (from === "latest") return formatCursor(epoch, last);
  if (from === "earliest") return trimmed || first === undefined ? from : formatCursor(epoch, first);
  const cursor = parseCursor(from);
  return cursor === undefined || isGap(cursor, bounds) ? undefined : from;
}
