import type { Cursor } from "../event-log/cursor.ts";
import { type Selector, selectorOf } from "../event-log/filter.ts";
import type { EventType } from "../model/event.ts";
import type { BatchCommit, RetryState, Snapshot } from "./delivery-store.ts";

/** Pending events of one conversation: ids in the webhook's own outbox, oldest first. */
export interface Backlog {
  readonly entryIds: readonly string[];
  readonly retry: RetryState;
}

/** State of a webhook in the memory of the worker that delivers. */
export interface DeliveryState {
  readonly snapshot: Snapshot;
  readonly selector: Selector;
  readonly backlogs: ReadonlyMap<string, Backlog>;
  readonly cursor: Cursor | undefined;
  readonly rawCursor: string;
}

/** Due at once: no attempts yet, or attempts reset by a `PUT`. */
const DUE: RetryState = { attempts: 0, streak: undefined, retryAt: 0 };

/** Builds the state from a snapshot of Redis. */
export function deliveryStateFrom(snapshot: Snapshot): DeliveryState {
  const backlogs = new Map<string, { entryIds: string[]; retry: RetryState }>();
  for (const { entryId, conversation } of snapshot.pending) {
    const backlog = backlogs.get(conversation) ?? { entryIds: [], retry: snapshot.retries.get(conversation) ?? DUE };
    backlog.entryIds.push(entryId);
    backlogs.set(conversation, backlog);
  }
  const { types, platforms, actors } = snapshot.filter;
  const filter = {
    ...(types ? { types: types as readonly EventType[] } : {}),
    ...(platforms ? { platforms } : {}),
    ...(actors ? { actors } : {}),
  };
  const { cursor, rawCursor } = snapshot;
  return { snapshot, backlogs, selector: selectorOf(filter, {}), cursor, rawCursor };
}

/** Returns the backlogs after a commit; `entryIds` are those of `commit.added`, in that order. */
export function backlogsAfter(
  backlogs: DeliveryState["backlogs"],
  commit: Pick<BatchCommit, "added" | "removed" | "retries">,
  entryIds: readonly string[],
): DeliveryState["backlogs"] {
  const removed = new Set(commit.removed);
  const after = new Map<string, Backlog>();
  for (const [conversation, { entryIds: before, retry }] of backlogs) {
    const remaining = removed.size === 0 ? before : before.filter((entryId) => !removed.has(entryId));
    if (remaining.length > 0)
      after.set(conversation, { entryIds: remaining, retry: commit.retries.get(conversation) ?? retry });
  }
  for (const [index, { conversation }] of commit.added.entries()) {
    const backlog = after.get(conversation) ?? { entryIds: [], retry: commit.retries.get(conversation) ?? DUE };
    after.set(conversation, { ...backlog, entryIds: [...backlog.entryIds, entryIds[index] as string] });
  }
  return after;
}
