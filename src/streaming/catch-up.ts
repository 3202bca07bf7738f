import { compareIds, formatCursor } from "../event-log/cursor.ts";
import { type EventLog, isGap, type LogPage } from "../event-log/event-log.ts";
import { selects } from "../event-log/filter.ts";
import type { Log } from "../model/log.ts";
import { type Followed, gapOf } from "./app-feed.ts";
import { batchOf, frameOf } from "./encoded-event.ts";
import type { Listener } from "./fan-out.ts";

export interface ReplayDeps {
  readonly state: Followed;
  readonly listener: Listener;
  readonly log: EventLog;
  readonly logger: Log;
  /** Whatever is kept is wanted, so what was trimmed before is no gap. */
  readonly fromStart: boolean;
  /** The listener counts as live only from this id on: what was in the log when it asked comes first. */
  readonly until: string;
}

const PAGE = 200;
const RETRY_MS = 250;

/**
 * Brings a listener from its cursor to the present without a hole: pages from the log, at the listener's own pace, until
 * the rest is in memory; then, in one synchronous step, that rest and its place among the live ones.
 */
export async function replay({ state, listener, log, logger, fromStart, until }: ReplayDeps): Promise<void> {
  let anyStart = fromStart;
  const asked = listener.epoch;
  while (!listener.stopped) {
    if (isInMemory()) {
      state.enlist(listener);
      if (!listener.stopped) listener.follower.onLive?.();
      return;
    }
    try {
      await step(anyStart);
      anyStart = false;
    } catch (error) {
      logger.warn({ err: error, app: state.app }, "reading past events failed and is tried again");
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  function isInMemory(): boolean {
    if (listener.epoch !== state.epoch() || compareIds(listener.scanned, state.inMemoryAfter()) < 0) return false;
    // Another epoch was begun meanwhile, or this process has read, or this listener was brought, as far as that.
    const reached = compareIds(state.at(), listener.scanned) > 0 ? state.at() : listener.scanned;
    return listener.epoch !== asked || compareIds(reached, until) >= 0;
  }
  async function step(anyStart: boolean): Promise<void> {
    const { epoch, scanned } = listener;
    const page = await log.range(state.app, scanned, PAGE);
    if (page.epoch !== state.epoch()) state.restart(page);
    if (listener.stopped || listener.epoch !== epoch) return;
    if (isGap({ epoch, id: scanned }, page) && (!anyStart || epoch !== page.epoch)) {
      listener.epoch = page.epoch;
      listener.scanned = page.last;
      listener.follower.onGap?.({ requested: formatCursor(epoch, scanned), ...gapOf(page) });
      return;
    }
    await deliver(page, listener, logger);
  }
}

async function deliver(page: LogPage, listener: Listener, logger: Log): Promise<void> {
  const frames = [];
  for (const { id, event } of page.entries) {
    if (event === undefined) continue;
    try {
      const frame = frameOf(page.epoch, id, event);
      if (selects(listener.selector, frame.facts)) frames.push(frame);
    } catch (error) {
      logger.error({ err: error, entry: id }, "an entry of the event log can't be read and is passed over");
    }
  }
  listener.scanned = page.entries.length < PAGE ? page.last : (page.entries[PAGE - 1]?.id ?? page.last);
  if (frames.length > 0) await listener.follower.onEvents(batchOf(frames));
}
