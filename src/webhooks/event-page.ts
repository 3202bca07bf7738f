import { type Cursor, formatCursor } from "../event-log/cursor.ts";
import { type EventLog, isGap, type LogPage } from "../event-log/event-log.ts";
import { type Selector, selects } from "../event-log/filter.ts";
import type { Log } from "../model/log.ts";
import { gapFor } from "../streaming/app-feed.ts";
import { encodeEvent, jsonWithCursor } from "../streaming/encoded-event.ts";
import { conversationOf } from "./conversation-key.ts";
import type { PendingEvent } from "./delivery-store.ts";

/** A page of an app's log after the webhook's filter. */
export interface EventPage {
  /** Reports lost events; delivered before everything else. */
  readonly gap: PendingEvent | undefined;
  readonly events: readonly PendingEvent[];
  readonly end: Cursor;
  /** True when more events may follow at once. */
  readonly full: boolean;
}

const PAGE_SIZE = 200;
/** Bytes of a page; the event that exceeds them is the last. */
const MAX_PAGE_BYTES = 1024 * 1024;

/**
 * Reads the next page after a cursor.
 * Trimmed events become a `gap`, and reading goes on with the oldest event kept. The cursor `earliest` begins there
 * without a gap.
 */
export async function readPage(
  log: Pick<EventLog, "range">,
  app: string,
  from: { readonly cursor: Cursor | undefined; readonly rawCursor: string },
  selector: Selector,
  logger: Log,
): Promise<EventPage> {
  const { cursor, rawCursor } = from;
  const page = await log.range(app, cursor?.id ?? "0-0", PAGE_SIZE);
  const startsAtOldest = cursor === undefined && rawCursor === "earliest";
  if (startsAtOldest || !isGap(cursor, page)) return { gap: undefined, ...contents(page, selector, logger) };
  const { earliest, latest } = gapFor(page);
  const json = JSON.stringify({ type: "gap", requested: rawCursor, earliest, latest });
  const gap = { conversation: "", id: `gap_${idPart(earliest)}`, json };
  return { gap, ...contents(await log.range(app, "0-0", PAGE_SIZE), selector, logger) };
}

/** Returns a cursor without the point, which Standard Webhooks reserves, for a stable `webhook-id`. */
export function idPart(cursor: string): string {
  return cursor.replace(".", "_");
}

function contents(page: LogPage, selector: Selector, logger: Log): Omit<EventPage, "gap"> {
  const events: PendingEvent[] = [];
  let bytes = 0;
  let end: string | undefined;
  for (const { id, event } of page.entries) {
    if (bytes > MAX_PAGE_BYTES) break;
    end = id;
    if (event === undefined) continue;
    try {
      const frame = encodeEvent(page.epoch, id, event);
      if (!selects(selector, frame.facts)) continue;
      const conversation = conversationOf(JSON.parse(event) as Record<string, unknown>);
      bytes += event.length;
      events.push({
        conversation,
        id: `evt_${idPart(formatCursor(page.epoch, id))}`,
        json: jsonWithCursor(frame),
      });
    } catch (err) {
      logger.error({ err, entry: id }, "unreadable event log entry skipped");
    }
  }
  const full = page.entries.length >= PAGE_SIZE || end !== page.entries.at(-1)?.id;
  return { events, end: { epoch: page.epoch, id: full ? (end ?? page.last) : page.last }, full };
}
