import { compareIds, formatCursor } from "../event-log/cursor.ts";
import { type EventLog, isGap, type LogPage } from "../event-log/event-log.ts";
import { selects } from "../event-log/filter.ts";
import type { Log } from "../model/log.ts";
import { type AppFeed, gapFor } from "./app-feed.ts";
import { createBatch, encodeEvent } from "./encoded-event.ts";
import type { Subscriber } from "./fan-out.ts";

export interface CatchUpDeps {
  readonly feed: AppFeed;
  readonly subscriber: Subscriber;
  readonly log: EventLog;
  readonly logger: Log;
  /** Cursor for all kept events; events trimmed before are no gap. */
  readonly fromStart: boolean;
  /** The listener counts as live only from this id on. What was in the log when it asked comes first. */
  readonly until: string;
}

const PAGE = 200;
const RETRY_MS = 250;

/**
 * Brings a listener from its cursor to the present without a hole. Pages from the log, at the listener's own pace, until
 * the rest is in memory; then, in one synchronous step, that rest and its place among the live ones.
 */
export async function catchUp({ feed, subscriber, log, logger, fromStart, until }: CatchUpDeps): Promise<void> {
  let anyStart = fromStart;
  const requestedEpoch = subscriber.epoch;
  while (!subscriber.stopped) {
    if (isInMemory()) {
      feed.goLive(subscriber);
      if (!subscriber.stopped) subscriber.callbacks.onLive?.();
      return;
    }
    try {
      await step(anyStart);
      anyStart = false;
    } catch (error) {
      logger.warn({ err: error, app: feed.app }, "reading past events failed; retrying");
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  function isInMemory(): boolean {
    if (subscriber.epoch !== feed.epoch() || compareIds(subscriber.scanned, feed.inMemoryAfter()) < 0) return false;
    // Another epoch was begun meanwhile, or this process has read, or this listener was brought, as far as that.
    const reached = compareIds(feed.lastId(), subscriber.scanned) > 0 ? feed.lastId() : subscriber.scanned;
    return subscriber.epoch !== requestedEpoch || compareIds(reached, until) >= 0;
  }
  async function step(anyStart: boolean): Promise<void> {
    const { epoch, scanned } = subscriber;
    const page = await log.range(feed.app, scanned, PAGE);
    if (page.epoch !== feed.epoch()) feed.restart(page);
    if (subscriber.stopped || subscriber.epoch !== epoch) return;
    if (isGap({ epoch, id: scanned }, page) && (!anyStart || epoch !== page.epoch)) {
      subscriber.epoch = page.epoch;
      subscriber.scanned = page.last;
      subscriber.callbacks.onGap?.({ requested: formatCursor(epoch, scanned), ...gapFor(page) });
      return;
    }
    await deliver(page, subscriber, logger);
  }
}

async function deliver(page: LogPage, subscriber: Subscriber, logger: Log): Promise<void> {
  const events = [];
  for (const { id, event } of page.entries) {
    if (event === undefined) continue;
    try {
      const encoded = encodeEvent(page.epoch, id, event);
      if (selects(subscriber.selector, encoded.facts)) events.push(encoded);
    } catch (error) {
      logger.error({ err: error, entry: id }, "unreadable event log entry skipped");
    }
  }
  subscriber.scanned = page.entries.length < PAGE ? page.last : (page.entries[PAGE - 1]?.id ?? page.last);
  if (events.length > 0) await subscriber.callbacks.onEvents(createBatch(events));
}
