import type { EventError } from "../model/failure.ts";
import { GIVE_UP_MS, retryDelayMs } from "./backoff.ts";
import type { DeliverySlots } from "./delivery-slots.ts";
import type { ReceiverHealth } from "./delivery-store.ts";
import { extendStreak } from "./failure-streak.ts";
import type { Post, PostResult, Receiver } from "./post.ts";
import type { Delivery } from "./webhook.ts";

export interface CircuitBreakerDeps {
  readonly post: Post;
  readonly slots: DeliverySlots;
  readonly receiver: Receiver;
  readonly signal: AbortSignal;
  /** False when the lease may have expired: then nothing more is sent. */
  readonly isOwner: () => boolean;
  readonly now: () => number;
  readonly random: () => number;
  /** Replaced by tests; see backoff.ts. */
  readonly delay?: typeof retryDelayMs;
  readonly onAttempt?: (delivered: boolean) => void;
}

/** The attempts of one batch and the receiver's health after them. */
export interface CircuitBreaker {
  /** Undefined: aborted by this worker, which says nothing about the receiver. */
  readonly attempt: (
    event: { readonly id: string; readonly json: string },
    attempt: number,
  ) => Promise<PostResult | undefined>;
  /** True when nothing should be sent now: receiver down or gone, lease lost, shutdown. */
  readonly isOpen: () => boolean;
  readonly health: () => ReceiverHealth;
  readonly deliveries: readonly Delivery[];
  /** Reason to disable the webhook, if there is one. */
  readonly disableError: () => EventError | undefined;
}

/** Failed conversations in a row after which the receiver counts as down. Probes go out singly until a success. */
export const MAX_CONSECUTIVE_FAILURES = 5;
/** Probes come at least every 15 minutes, so that a recovered receiver is noticed soon. */
const MAX_PROBE_BACKOFF = 8;

/** Makes attempts and counts failures, starting from the stored health. */
export function circuitBreaker(before: ReceiverHealth, deps: CircuitBreakerDeps): CircuitBreaker {
  const { post, slots, receiver, signal, isOwner, now, random, delay = retryDelayMs } = deps;
  const deliveries: Delivery[] = [];
  const halfOpen = before.consecutiveFailures >= MAX_CONSECUTIVE_FAILURES;
  let health = before;
  let disableError: EventError | undefined;

  function record(result: PostResult, attempt: number): void {
    if (result.delivered) {
      health = { consecutiveFailures: 0, retryAt: 0, streak: undefined };
      return;
    }
    const { retryAfterMs } = result;
    const streak = extendStreak(health.streak, health.retryAt, now());
    const consecutiveFailures = failuresAfter(attempt, retryAfterMs !== undefined);
    const probes = Math.min(consecutiveFailures - MAX_CONSECUTIVE_FAILURES + 1, MAX_PROBE_BACKOFF);
    const retryAt = probes > 0 ? now() + delay(probes, random(), retryAfterMs) : 0;
    health = { streak, consecutiveFailures, retryAt: Math.max(retryAt, health.retryAt) };
    if (result.gone || streak.failingMs >= GIVE_UP_MS) disableError = result.error;
  }
  /** Counts only first attempts, so that a single undeliverable event does not block all others. */
  function failuresAfter(attempt: number, hasRetryAfter: boolean): number {
    if (halfOpen) return health.consecutiveFailures + 1;
    // A Retry-After applies to all requests to this receiver.
    if (hasRetryAfter) return MAX_CONSECUTIVE_FAILURES;
    return Math.min(health.consecutiveFailures + (attempt === 1 ? 1 : 0), MAX_CONSECUTIVE_FAILURES);
  }

  return {
    attempt: async (event, attempt) => {
      let at = 0;
      // The lease may have gone while the request waited for its slot.
      const result = await slots(receiver, signal, async () => {
        at = now();
        return isOwner() ? post(receiver, { ...event, at }, signal) : undefined;
      });
      if (result === undefined || (signal.aborted && !result.delivered)) return undefined;
      record(result, attempt);
      deliveries.push(deliveryOf(event, result, at, attempt));
      deps.onAttempt?.(result.delivered);
      return result;
    },
    isOpen: () =>
      health.consecutiveFailures >= MAX_CONSECUTIVE_FAILURES ||
      disableError !== undefined ||
      signal.aborted ||
      !isOwner(),
    health: () => health,
    deliveries,
    disableError: () => disableError,
  };
}

/** Returns an attempt as the list of deliveries stores it. */
export function deliveryOf(
  { id, json }: { readonly id: string; readonly json: string },
  { delivered, status, error, ms }: PostResult,
  at: number,
  attempt: number,
): Delivery {
  const { type } = JSON.parse(json) as { readonly type: string };
  return {
    id,
    type,
    at: new Date(at).toISOString(),
    ms,
    attempt,
    delivered,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
  };
}
