import { parseCursor } from "../event-log/cursor.ts";
import { retryDelayMs } from "./backoff.ts";
import { type CircuitBreakerDeps, circuitBreaker, MAX_CONSECUTIVE_FAILURES } from "./circuit-breaker.ts";
import { deliverBatch, dueBacklogs } from "./delivery-batch.ts";
import type { ClockedLoopDeps } from "./delivery-loop.ts";
import { backlogsAfter, type DeliveryState } from "./delivery-state.ts";
import type { BatchCommit } from "./delivery-store.ts";
import { readPage } from "./event-page.ts";

/** Result of a round. `replayed`: load the state anew; `over`: the lease is lost or the webhook disabled. */
export type RoundResult =
  | { readonly outcome: "continued"; readonly state: DeliveryState; readonly waitMs: number }
  | { readonly outcome: "replayed" }
  | { readonly outcome: "over" };

/** Pending events per webhook. Above that, reading pauses and events trimmed from the log become a gap. */
const MAX_PENDING_EVENTS = 10_000;
/** Interval of writing a cursor that only passed filtered events. */
const CURSOR_SAVE_INTERVAL_MS = 1_000;
const IDLE_MS = 5_000;

/** Makes the function of one delivery round: read, deliver, commit. */
export function deliveryRound(
  deps: ClockedLoopDeps,
  ownership: Pick<CircuitBreakerDeps, "signal" | "isOwner">,
): (state: DeliveryState) => Promise<RoundResult> {
  const { lease, store, log, post, slots, logger, now, random = Math.random } = deps;
  const { delay = retryDelayMs, onAttempt } = deps;
  const saved = { cursor: "", at: 0 };

  async function deliver(state: DeliveryState, halfOpen: boolean): Promise<readonly [BatchCommit, full: boolean]> {
    const { health } = state.snapshot;
    const due = dueBacklogs(state, halfOpen, now());
    // Half-open breaker with an empty backlog: the next new event is the probe.
    const shouldRead = (!halfOpen || due.length === 0) && (await hasRoom(state));
    const page = shouldRead ? await readPage(log, lease.app, state, state.selector, logger) : undefined;
    const counter = onAttempt ? { onAttempt } : {};
    const receiver = { ...state.snapshot, app: lease.app };
    const commit = await deliverBatch(state, due, page, {
      name: lease.name,
      breaker: circuitBreaker(health, { post, slots, receiver, now, random, delay, ...ownership, ...counter }),
      halfOpen,
      pendingEvent: (entryId) => store.pendingEvent(lease, entryId),
      now,
      delay: (failures) => delay(failures, random()),
    });
    return [commit, page?.full ?? false];
  }

  /** A page may be read while nothing waits, whatever the bytes: it is delivered directly. */
  async function hasRoom(state: DeliveryState): Promise<boolean> {
    const count = pendingCount(state);
    return count === 0 || (count < MAX_PENDING_EVENTS && (await store.hasRoom(lease)));
  }

  /** Stores a commit and returns the ids of its new outbox entries. Skips frequent commits that only move the cursor. */
  async function save(commit: BatchCommit, cursor: string): Promise<readonly string[] | "replayed" | "over"> {
    const isRecent = cursor === saved.cursor || now() - saved.at < CURSOR_SAVE_INTERVAL_MS;
    if (isCursorOnly(commit) && isRecent) return [];
    const result = await store.commitBatch(lease, commit);
    if (result.outcome !== "committed") return result.outcome === "replayed" ? "replayed" : "over";
    if (commit.disableError) {
      const { app, name: hook } = lease;
      logger.info({ app, hook, code: commit.disableError.code }, "hook switched off after failing for long");
      return "over";
    }
    Object.assign(saved, { cursor, at: now() });
    return result.entryIds;
  }

  return async (state) => {
    const { consecutiveFailures, retryAt } = state.snapshot.health;
    const halfOpen = consecutiveFailures >= MAX_CONSECUTIVE_FAILURES;
    if (halfOpen && retryAt > now()) return { outcome: "continued", state, waitMs: retryAt - now() };
    const [commit, full] = await deliver(state, halfOpen);
    const { cursor = state.rawCursor } = commit;
    const entryIds = await save(commit, cursor);
    if (typeof entryIds === "string") return { outcome: entryIds };
    const after: DeliveryState = {
      ...state,
      snapshot: { ...state.snapshot, health: commit.health },
      backlogs: backlogsAfter(state.backlogs, commit, entryIds),
      ...(commit.cursor === undefined ? {} : { cursor: parseCursor(cursor), rawCursor: cursor }),
    };
    const isBusy = full || commit.removed.length > 0;
    const restMs = Math.min(untilDue(after, now()), cursor === saved.cursor ? IDLE_MS : CURSOR_SAVE_INTERVAL_MS);
    return { outcome: "continued", state: after, waitMs: isBusy ? 0 : restMs };
  };
}

function pendingCount({ backlogs }: DeliveryState): number {
  return [...backlogs.values()].reduce((sum, { entryIds }) => sum + entryIds.length, 0);
}

/** Returns true when a commit changes nothing but the cursor. */
function isCursorOnly({ added, removed, retries, deliveries }: BatchCommit): boolean {
  return added.length + removed.length + retries.size + deliveries.length === 0;
}

/** Returns the milliseconds until a backlog is due, or until the next probe. */
function untilDue({ snapshot: { health }, backlogs }: DeliveryState, now: number): number {
  const halfOpen = health.consecutiveFailures >= MAX_CONSECUTIVE_FAILURES && backlogs.size > 0;
  const times = halfOpen ? [health.retryAt] : [...backlogs.values()].map(({ retry }) => retry.retryAt);
  return Math.max(0, Math.min(IDLE_MS, ...times.map((at) => at - now)));
}
