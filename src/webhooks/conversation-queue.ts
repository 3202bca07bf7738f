import type { HookEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import { GIVE_UP_MS } from "./backoff.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import type { Backlog } from "./delivery-state.ts";
import type { PendingEvent, RetryState } from "./delivery-store.ts";
import { extendStreak, type FailureStreak } from "./failure-streak.ts";
import type { PostResult } from "./post.ts";

type StoredEvent = Omit<PendingEvent, "conversation">;

export interface ConversationQueuesDeps {
  readonly name: string;
  readonly breaker: CircuitBreaker;
  /** True when the receiver was down before. The first attempt is a probe, allowed despite the open breaker. */
  readonly halfOpen: boolean;
  /** Loads an event from the webhook's own outbox. */
  readonly pendingEvent: (entryId: string) => Promise<StoredEvent | undefined>;
  readonly now: () => number;
  /** Milliseconds to wait after that many failures. */
  readonly delay: (failures: number) => number;
}

/** Conversations delivered event by event, and the changes to store afterwards. */
export interface ConversationQueues {
  /** Delivers new events of a conversation until the first failure. */
  readonly deliverNew: (conversation: string, events: readonly PendingEvent[]) => Promise<void>;
  /** Retries a conversation's backlog; `hasNewEvents`: further events of the conversation join behind. */
  readonly retry: (conversation: string, backlog: Backlog, hasNewEvents: boolean) => Promise<void>;
  readonly delivered: ReadonlySet<PendingEvent>;
  readonly removed: readonly string[];
  readonly retries: Map<string, RetryState | undefined>;
  /** Events given up, to be reported in the app's log. */
  readonly skipped: readonly HookEvent[];
}

/** Pending events of one conversation that one batch may retry. */
const MAX_RETRIES_PER_CONVERSATION = 100;

/** Keeps the order within a conversation. No event is sent before its predecessor was delivered or given up. */
export function conversationQueues(deps: ConversationQueuesDeps): ConversationQueues {
  const { name, breaker, halfOpen, pendingEvent, now, delay } = deps;
  const retries = new Map<string, RetryState | undefined>();
  const delivered = new Set<PendingEvent>();
  const removed: string[] = [];
  const skipped: HookEvent[] = [];
  const { dueNow, afterFailure } = retryStates(now, delay);
  let probeAllowed = halfOpen;

  function mayAttempt(): boolean {
    if (!breaker.isOpen()) return true;
    const isProbe = probeAllowed;
    probeAllowed = false;
    return isProbe;
  }

  async function deliverNew(conversation: string, events: readonly PendingEvent[]): Promise<void> {
    for (const event of events) {
      const result = mayAttempt() ? await breaker.attempt(event, 1) : undefined;
      if (!result?.delivered) {
        retries.set(conversation, result ? afterFailure(1, extendStreak(undefined, 0, now())) : dueNow());
        return;
      }
      delivered.add(event);
    }
  }

  /** Returns true when the event is finished: delivered, given up, or gone. Otherwise schedules the next attempt. */
  async function retryEvent(conversation: string, entryId: string, before: RetryState): Promise<boolean> {
    const event = await pendingEvent(entryId);
    if (event === undefined) return true;
    const result = await breaker.attempt(event, before.attempts + 1);
    if (result?.delivered) return true;
    if (result === undefined) return false;
    const streak = extendStreak(before.streak, before.retryAt, now());
    if (streak.failingMs >= GIVE_UP_MS && breaker.disableError() === undefined) {
      skipped.push(skippedEvent(name, event, result, now()));
      return true;
    }
    retries.set(conversation, afterFailure(before.attempts + 1, streak));
    return false;
  }

  async function retry(conversation: string, backlog: Backlog, hasNewEvents: boolean): Promise<void> {
    let finished = 0;
    let current = backlog.retry;
    for (const entryId of backlog.entryIds.slice(0, MAX_RETRIES_PER_CONVERSATION)) {
      if (!mayAttempt()) break;
      if (!(await retryEvent(conversation, entryId, current))) break;
      removed.push(entryId);
      finished += 1;
      current = dueNow();
    }
    if (finished === 0 || retries.has(conversation)) return;
    retries.set(conversation, hasNewEvents || finished < backlog.entryIds.length ? current : undefined);
  }

  return { deliverNew, retry, delivered, removed, retries, skipped };
}

function retryStates(now: () => number, delay: (failures: number) => number) {
  return {
    dueNow: (): RetryState => ({ attempts: 0, streak: undefined, retryAt: now() }),
    afterFailure: (attempts: number, streak: FailureStreak): RetryState => ({
      attempts,
      streak,
      retryAt: now() + delay(attempts),
    }),
  };
}

const RECEIVER_UNAVAILABLE: EventError = {
  code: "platform-unavailable",
  detail: "The receiver is unavailable.",
  retryable: true,
};

function skippedEvent(
  name: string,
  { json }: StoredEvent,
  { error = RECEIVER_UNAVAILABLE }: PostResult,
  now: number,
): HookEvent {
  const { cursor } = JSON.parse(json) as { readonly cursor?: string };
  const lost = cursor === undefined ? {} : { lost: cursor };
  return { type: "hook", name, state: "skipped", error, ...lost, published: new Date(now).toISOString() };
}
