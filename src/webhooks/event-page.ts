import { type Cursor, formatCursor } from "../event-log/cursor.ts";
import { type EventLog, isGap, type LogPage } from "../event-log/event-log.ts";
import { type Selector, selects } from "../event-log/filter.ts";
import type { Log } from "../model/log.ts";
import { gapOf } from "../streaming/app-feed.ts";
import { frameOf, jsonWithCursor } from "../streaming/encoded-event.ts";
import { conversationOf } from "./conversation-key.ts";
import type { Holding } from "./delivery-store.ts";

/** A stretch of an app's log as a hook gets it. */
export interface HookPage {
  /** What the hook is to be told of what is lost, before everything else. */
  readonly gap: Holding | undefined;
  readonly items: readonly Holding[];
  readonly end: Cursor;
  /** More may follow at once. */
  readonly full: boolean;
}

const PAGE = 200;

/**
 * Reads on from a cursor. What is no longer kept becomes a `gap` and reading goes on with the oldest event kept; the word
 * `earliest` begins there without one.
 */
export async function readPage(
  log: Pick<EventLog, "range">,
  app: string,
  from: { readonly cursor: Cursor | undefined; readonly asStored: string },
  selector: Selector,
  logger: Log,
): Promise<HookPage> {
  const { cursor, asStored } = from;
  const page = await log.range(app, cursor?.id ?? "0-0", PAGE);
  if (cursor === undefined && asStored === "earliest") return { gap: undefined, ...contents(page, selector, logger) };
  if (!isGap(cursor, page)) return { gap: undefined, ...contents(page, selector, logger) };
  const { earliest, latest } = gapOf(page);
  const json = JSON.stringify({ type: "gap", requested: asStored, earliest, latest });
  const gap = { conversation: "", id: `gap_${idPart(earliest)}`, json };
  return { gap, ...contents(await log.range(app, "0-0", PAGE), selector, logger) };
}

/** The `webhook-id` of an event: stable, and without the point that the signature's rules reserve. */
export function idPart(cursor: string): string {
  return cursor.replace(".", "_");
}

function contents(page: LogPage, selector: Selector, logger: Log): Omit<HookPage, "gap"> {
  const items: Holding[] = [];
  for (const { id, event } of page.entries) {
    if (event === undefined) continue;
    try {
      const frame = frameOf(page.epoch, id, event);
      if (!selects(selector, frame.facts)) continue;
      const conversation = conversationOf(JSON.parse(event) as Record<string, unknown>);
      items.push({
        conversation,
        id: `evt_${idPart(formatCursor(page.epoch, id))}`,
        json: jsonWithCursor(frame),
      });
    } catch (error) {
      logger.error({ err: error, entry: id }, "an entry of the event log can't be read and is passed over");
    }
  }
  const full = page.entries.length >= PAGE;
  return { items, end: { epoch: page.epoch, id: full ? (page.entries.at(-1)?.id ?? page.last) : page.last }, full };
}
