import { formatCursor } from "../event-log/cursor.ts";
import type { HookEvent } from "../model/event.ts";
import { MAX_CONSECUTIVE_FAILURES } from "./circuit-breaker.ts";
import { type ConversationQueues, type ConversationQueuesDeps, conversationQueues } from "./conversation-queue.ts";
import type { Backlog, DeliveryState } from "./delivery-state.ts";
import type { BatchCommit, PendingEvent } from "./delivery-store.ts";
import type { EventPage } from "./event-page.ts";

type BacklogEntry = readonly [conversation: string, backlog: Backlog];

/** Concurrent requests per webhook. */
const MAX_CONCURRENT_REQUESTS = 16;

/** Returns the backlogs that are due. While the receiver is down, only the oldest as a probe. */
export function dueBacklogs({ backlogs }: DeliveryState, halfOpen: boolean, now: number): readonly BacklogEntry[] {
  if (!halfOpen) return [...backlogs].filter(([, { retry }]) => retry.retryAt <= now);
  return [...backlogs].sort(([, a], [, b]) => a.retry.retryAt - b.retry.retryAt).slice(0, 1);
}

/**
 * Delivers due backlogs and a page of the log: conversations in parallel, each in order.
 * Returns the changes to store. Undelivered events go into the webhook's own outbox, so the cursor always moves past
 * the page.
 */
export async function deliverBatch(
  state: DeliveryState,
  due: readonly BacklogEntry[],
  page: EventPage | undefined,
  deps: ConversationQueuesDeps,
): Promise<BatchCommit> {
  const { breaker, now } = deps;
  const queues = conversationQueues(deps);
  if (page?.gap) await queues.deliverNew(page.gap.conversation, [page.gap]);
  await runConcurrently(MAX_CONCURRENT_REQUESTS, tasksOf(state, due, page?.events ?? [], queues));
  if (deps.halfOpen && breaker.health().consecutiveFailures < MAX_CONSECUTIVE_FAILURES)
    retryAllNow(state, queues, now());
  return batchCommit(state, page, queues, deps);
}

/** Returns one task per conversation; new events behind a backlog wait in the outbox. */
function tasksOf(
  { backlogs }: DeliveryState,
  due: readonly BacklogEntry[],
  events: readonly PendingEvent[],
  queues: ConversationQueues,
): ReadonlyArray<() => Promise<void>> {
  const withNewEvents = new Set(events.map(({ conversation }) => conversation));
  const groups = groupByConversation(events.filter(({ conversation }) => !backlogs.has(conversation)));
  return [
    ...due.map(
      ([conversation, backlog]) =>
        () =>
          queues.retry(conversation, backlog, withNewEvents.has(conversation)),
    ),
    ...[...groups].map(
      ([conversation, group]) =>
        () =>
          queues.deliverNew(conversation, group),
    ),
  ];
}

function batchCommit(
  state: DeliveryState,
  page: EventPage | undefined,
  queues: ConversationQueues,
  { name, breaker, now }: ConversationQueuesDeps,
): BatchCommit {
  const error = breaker.disableError();
  const disabled: HookEvent[] = error
    ? [{ type: "hook", name, state: "disabled", error, published: new Date(now()).toISOString() }]
    : [];
  const events = page === undefined ? [] : page.gap ? [page.gap, ...page.events] : page.events;
  return {
    replayGeneration: state.snapshot.replayGeneration,
    cursor: page && formatCursor(page.end.epoch, page.end.id),
    added: events.filter((event) => !queues.delivered.has(event)),
    removed: queues.removed,
    retries: queues.retries,
    health: breaker.health(),
    deliveries: breaker.deliveries,
    events: [...queues.skipped, ...disabled],
    ...(error === undefined ? {} : { disableError: error }),
  };
}

/** Makes all backlogs due. After the first success of a recovered receiver, every event is worth an attempt. */
function retryAllNow({ backlogs }: DeliveryState, { retries }: ConversationQueues, now: number): void {
  for (const [conversation, backlog] of backlogs) {
    if (!retries.has(conversation)) retries.set(conversation, { ...backlog.retry, retryAt: now });
  }
}

function groupByConversation(events: readonly PendingEvent[]): Map<string, PendingEvent[]> {
  const groups = new Map<string, PendingEvent[]>();
  for (const event of events) {
    const group = groups.get(event.conversation);
    if (group) group.push(event);
    else groups.set(event.conversation, [event]);
  }
  return groups;
}

async function runConcurrently(maxConcurrent: number, tasks: ReadonlyArray<() => Promise<void>>): Promise<void> {
  const queue = tasks.values();
  async function runNext(): Promise<void> {
    for (const task of queue) await task();
  }
  await Promise.all(Array.from({ length: Math.min(maxConcurrent, tasks.length) }, runNext));
}
