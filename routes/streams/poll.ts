import type { ServerResponse } from "node:http";
import { type Caller, revokes } from "../../src/model/caller.ts";
import type { EncodedEvent } from "../../src/streaming/encoded-event.ts";
import type { StreamGap, Subscription, Tail } from "../../src/streaming/subscriber.ts";
import type { PollPage } from "./poll-page.ts";
import type { StreamQuery } from "./stream-query.ts";
import type { StreamSlot } from "./stream-registry.ts";

/** Maximum of events in a poll; the rest comes with the next. */
const MAX_EVENTS = 1_000;
const MAX_CHARACTERS = 1_048_576;

/**
 * Answers a page of events. It comes at once when there is something, else after up to `wait` seconds. The cursor is how
 * far was read, not the last match, so that a filtered poller does not fall behind. Rejects with `LogAway`.
 */
export async function answerPoll(
  tail: Tail,
  slot: StreamSlot,
  caller: Caller,
  query: StreamQuery,
  page: PollPage,
  res: ServerResponse,
): Promise<void> {
  const events: EncodedEvent[] = [];
  let size = 0;
  let gap: StreamGap | undefined;
  let full = false;
  let subscription: Subscription | undefined;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const take = (event: EncodedEvent) => {
    full ||= events.length >= MAX_EVENTS || size >= MAX_CHARACTERS;
    if (full) return;
    events.push(event);
    size += event.json.length;
  };
  let live = false;
  const timer = setTimeout(finish, query.wait * 1_000 + (query.wait === 0 ? 10_000 : 0));
  slot.open({ tick: () => {}, end: () => finish() });
  res.once("close", finish);
  try {
    subscription = await tail.subscribe(
      { app: caller.app, after: query.after, filter: query.filter, limits: caller.limits },
      {
        onStart: (start) => {
          gap = start.gap;
        },
        onEvents: (batch) => {
          batch.events.forEach(take);
          if (full || live) finish();
        },
        onLive: () => {
          live = true;
          if (events.length > 0 || gap || query.wait === 0) finish();
        },
        onGap: (met) => {
          gap ??= met;
          finish();
        },
        onControl: (revocation) => {
          if (revokes(revocation, caller)) finish();
        },
      },
    );
    await finished;
    const last = events[events.length - 1];
    const cursor = full && last ? last.cursor : subscription.position();
    if (!res.destroyed) page(res, { events, cursor, gap });
  } finally {
    clearTimeout(timer);
    subscription?.stop();
    slot.release();
  }
}
