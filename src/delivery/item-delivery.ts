import type { FinalStatus } from "../model/event.ts";
import { EXPIRED_ERROR, resultEvent, statusEvent, type TargetOutcomes } from "../model/event-builders.ts";
import { type EventError, type Failure, toEventError } from "../model/failure.ts";
import { optional } from "../model/optional.ts";
import type { LaneItem, LaneState } from "../outbox/outbox.ts";
import type { Platform, Receipt } from "../platform/platform.ts";
import { attempt } from "./attempt.ts";
import type { AttemptDeps } from "./attempt-context.ts";
import { firstError, mergeOutcomes, summaryStatus } from "./outcomes.ts";
import { nextStep } from "./retry-policy.ts";
import type { MarkSuppressed } from "./suppressed-targets.ts";

export interface ItemDeliveryDeps extends AttemptDeps {
  /** Source of the retries' jitter, 0 to 1. */
  readonly random?: () => number;
  /** Leaves targets on the app's suppression list out; absent where the setting SUPPRESSIONS is off. */
  readonly markSuppressed?: MarkSuppressed | undefined;
  /** Receives each final status with the seconds that the delivery took, for metrics. */
  readonly onResult?: (platform: string, status: FinalStatus, seconds: number) => void;
}

type Wait = Pick<Failure, "kind" | "retryAfterMs">;

/** Final outcome before it is stored; the event is made once, by `finish`. */
export interface FinalOutcome {
  readonly status: FinalStatus;
  readonly outcomes: TargetOutcomes;
  readonly error?: EventError | undefined;
  readonly object?: Receipt["object"];
}

/** Delivery of a lane's head: one attempt, and the result or deferral that follows. */
export class ItemDelivery {
  readonly #deps: ItemDeliveryDeps;
  readonly #platform: Platform;
  readonly #item: LaneItem;
  readonly #startedAt = performance.now();

  constructor(deps: ItemDeliveryDeps, platform: Platform, item: LaneItem) {
    this.#deps = deps;
    this.#platform = platform;
    this.#item = item;
  }

  /** Makes one attempt; returns the lane's next state. */
  async run(signal: AbortSignal): Promise<LaneState> {
    const result = await attempt(this.#deps, this.#platform, this.#item, () => this.#now(), signal);
    switch (result.kind) {
      case "lost":
        // Claiming the lane again would make the new owner's outcome uncertain, and both would take turns.
        return { kind: "lost" };
      case "over":
        return this.#claimNext();
      case "receipt":
        return this.#record(result.receipt);
      case "failure":
        return this.#afterFailure(result.failure, result.committed);
    }
  }

  /** Ends an item whose targets all have an outcome, without an attempt. */
  finishDecided(): Promise<LaneState> {
    const { outcomes } = this.#item;
    return this.finish({ status: summaryStatus(outcomes, "failed"), outcomes, error: firstError(outcomes) });
  }

  /** Stores the one result; returns the lane's next state. */
  async finish({ status, outcomes, error, object }: FinalOutcome): Promise<LaneState> {
    const { activity, ridAsSent, attempts } = this.#item;
    const facts = { status, outcomes, attempts: attempts + 1, now: this.#now() };
    const event = resultEvent(activity, ridAsSent, {
      ...facts,
      ...optional("error", error),
      ...optional("object", object),
    });
    const next = await this.#deps.outbox.complete(this.#item, event);
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    if (next.kind !== "lost") this.#deps.onResult?.(this.#platform.id, status, seconds);
    return next;
  }

  /** Unix ms by Redis' clock. */
  #now(): number {
    return Math.round(this.#item.now + performance.now() - this.#startedAt);
  }

  /** Ends an expired item before the sweep does. A cancelled item has a result already. */
  #claimNext(): Promise<LaneState> {
    const { app, lane, outcomes, expiresAt } = this.#item;
    if (this.#now() < expiresAt) return this.#deps.outbox.claim(app, lane);
    return this.finish({ status: "expired", outcomes, error: EXPIRED_ERROR });
  }

  #record({ outcomes: attempted, object }: Receipt): Promise<LaneState> {
    const outcomes = mergeOutcomes(this.#item.outcomes, attempted);
    const deferred = attempted.filter(({ status }) => status === "deferred");
    if (deferred.length === 0) {
      const status = summaryStatus(outcomes, "sent");
      return this.finish({ status, outcomes, error: firstError(outcomes), object });
    }
    const waits = deferred.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
    const isRateLimited = deferred.every(({ error }) => error?.code === "platform-rate-limited");
    const wait: Wait = {
      kind: isRateLimited ? "rate-limited" : "retryable",
      retryAfterMs: waits.length > 0 ? Math.max(...waits) : undefined,
    };
    return this.#retryLater(wait, { outcomes, error: deferred[0]?.error ?? RETRY_LATER });
  }

  /** Retries where nothing was sent. An uncertain outcome is recovered where the platform can, else `unknown`. */
  #afterFailure(failure: Failure, isCommitted: boolean): Promise<LaneState> {
    const { activity, outcomeUncertain, outcomes } = this.#item;
    this.#deps.log.debug({ rid: activity.rid, code: failure.code, kind: failure.kind }, "delivery attempt failed");
    const isUncertain = failure.mayHaveLanded && (isCommitted || outcomeUncertain);
    const mayResend = activity.options?.onUnknown === "resend";
    if (!isUncertain || mayResend) return this.#retryLater(failure, { outcomes, error: toEventError(failure) });
    const error = { ...toEventError(failure), code: "outcome-unknown", retryable: false };
    const canRecover = this.#platform.recover !== undefined && (!outcomeUncertain || failure.kind === "retryable");
    if (!canRecover) return this.finish({ status: "unknown", outcomes, error });
    return this.#retryLater({ kind: "retryable", retryAfterMs: failure.retryAfterMs }, { outcomes, error }, true);
  }

  /** Defers if the lifetime has room for another attempt. `inDoubt` makes that a recovery, which never sends. */
  async #retryLater(
    wait: Wait,
    { outcomes, error }: { readonly outcomes: TargetOutcomes; readonly error: EventError },
    inDoubt = false,
  ): Promise<LaneState> {
    const { activity, ridAsSent, expiresAt, extendedMs, attempts } = this.#item;
    const { outbox, random = Math.random } = this.#deps;
    const lifetimeMs = expiresAt - extendedMs - this.#item.now;
    const facts = { attempts: attempts + 1, now: this.#now(), expiresAt, lifetimeMs, extendedMs, random: random() };
    const step = nextStep(wait, facts);
    if (!step.shouldRetry)
      return this.finish({ status: inDoubt ? "unknown" : summaryStatus(outcomes, "failed"), outcomes, error });
    const retryAt = this.#now() + step.delayMs;
    const status = { status: "deferred", outcomes, now: this.#now(), retryAt, error } as const;
    const answer = await outbox.defer(this.#item, {
      retryAt,
      extendMs: step.extendMs,
      // A rate limit's wait is no attempt: a busy account may wait hundreds of times within its seven days.
      attempts: wait.kind === "rate-limited" ? attempts : attempts + 1,
      inDoubt,
      outcomes,
      event: statusEvent(activity, ridAsSent, status),
    });
    return answer === "lost" ? { kind: "lost" } : { kind: "wait", ms: step.delayMs };
  }
}

const RETRY_LATER: EventError = {
  code: "platform-unavailable",
  detail: "The network asks to retry later.",
  retryable: true,
};
