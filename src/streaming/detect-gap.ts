import { compareIds } from "../event-log/cursor.ts";
import { type EventLog, isGap } from "../event-log/event-log.ts";
import type { AppFeed } from "./app-feed.ts";

/**
 * Compares how far an app was read with its log as it is now. Where entries were trimmed unread, or the log is another
 * one, its listeners get a gap. True when it did; a new log that will be met by reading on is left to that.
 */
export async function detectGap(log: EventLog, member: AppFeed): Promise<boolean> {
  const at = member.lastId();
  const epoch = member.epoch();
  const bounds = await log.bounds(member.app);
  if (member.epoch() !== epoch || !isGap({ epoch, id: at }, bounds)) return false;
  const metByReading = bounds.epoch !== epoch && !bounds.isTrimmed && compareIds(bounds.first ?? "0-0", at) > 0;
  if (metByReading) return false;
  member.restart(bounds);
  return true;
}
