import type { FinalStatus, TargetOutcome } from "../model/event.ts";
import { type Decided, EXPIRED_ERROR, resultEvent, statusEvent } from "../model/event-builders.ts";
import { type EventError, Failure, toEventError } from "../model/failure.ts";
import type { LaneItem, LaneState } from "../outbox/outbox.ts";
import type { Outcome, Platform, Receipt } from "../platform/platform.ts";
import { type AttemptDeps, attempt } from "./attempt.ts";
import { nextStep } from "./retry-policy.ts";

export interface DeliverDeps extends AttemptDeps {
  /** 0 to 1, for the jitter of retries. */
  readonly random?: () => number;
  /** Told of each final outcome and how long carrying it out took, for metrics. */
  readonly onResult?: (platform: string, status: FinalStatus, seconds: number) => void;
}

export type Deliver = (platform: Platform, work: LaneItem, signal: AbortSignal) => Promise<LaneState>;

/** So often workers may die while it is under way beside others, before it is tried apart from them. */
const TAKES_MOST = 2;
/** So many may die while it is the only suspect under way: then it is given up, the next would die as well. */
const DEATHS_MOST = 3;

/**
 * Carries out the head of a lane and answers what the lane has next. Whatever a platform does leaves here as one
 * result or one deferral. Throws only when Redis does; then the lane's job is tried again.
 */
export function deliverer(deps: DeliverDeps): Deliver {
  const { outbox, log, random = Math.random, onResult } = deps;
  const apart = oneAtATime();

  return async function deliver(platform, work, signal) {
    const started = performance.now();
    const now = () => Math.round(work.now + performance.now() - started);
    const attempts = work.attempts + 1;

    async function finish(
      status: FinalStatus,
      decided: Decided,
      error?: EventError,
      object?: Receipt["object"],
    ): Promise<LaneState> {
      const facts = {
        status,
        decided,
        attempts,
        now: now(),
        ...(error ? { error } : {}),
        ...(object ? { object } : {}),
      };
      const next = await outbox.complete(work, resultEvent(work.activity, work.ridAsSent, facts));
      if (next.kind !== "lost") onResult?.(platform.id, status, (performance.now() - started) / 1_000);
      return next;
    }

    /** Another try, if the lifetime has room for one; in doubt that is another try to find out, never to send. */
    async function again(decided: Decided, failure: Wait, note: EventError, inDoubt = false): Promise<LaneState> {
      const { expiresAt, extendedMs } = work;
      const lifetimeMs = expiresAt - extendedMs - work.now;
      const step = nextStep(failure, { attempts, now: now(), expiresAt, lifetimeMs, extendedMs, random: random() });
      if (!step.again) return finish(inDoubt ? "unknown" : summary(decided, "failed"), decided, note);
      const retryAt = now() + step.delayMs;
      const facts = { status: "deferred", decided, now: now(), retryAt, error: note } as const;
      const event = statusEvent(work.activity, work.ridAsSent, facts);
      // Being told to wait is no attempt: a busy account may be told so hundreds of times within its seven days.
      const tried = failure.kind === "rate-limited" ? work.attempts : attempts;
      const until = { retryAt, extendMs: step.extendMs, attempts: tried, inDoubt, outcomes: decided, event };
      return (await outbox.defer(work, until)) === "lost" ? { kind: "lost" } : { kind: "wait", ms: step.delayMs };
    }

    function record(receipt: Receipt): Promise<LaneState> {
      const decided = merge(work.outcomes, receipt.outcomes);
      const deferred = receipt.outcomes.filter((outcome) => outcome.status === "deferred");
      if (deferred.length === 0) return finish(summary(decided, "sent"), decided, firstError(decided), receipt.object);
      const waits = deferred.flatMap((outcome) => outcome.retryAfterMs ?? []);
      const limited = deferred.every(({ error }) => error?.code === "platform-rate-limited");
      const kind = limited ? "rate-limited" : "retryable";
      const failure = { kind, retryAfterMs: waits.length > 0 ? Math.max(...waits) : undefined } as const;
      return again(decided, failure, deferred[0]?.error ?? LATER);
    }

    /** Certain that nothing left: another try. In doubt: ask where somebody can tell, else say so (promise G4). */
    function afterFailure(failure: Failure, committed: boolean): Promise<LaneState> {
      log.debug({ rid: work.activity.rid, code: failure.code, kind: failure.kind }, "attempt failed");
      const inDoubt = failure.mayHaveLanded && (committed || work.outcomeUncertain);
      const resend = work.activity.options?.onUnknown === "resend";
      if (!inDoubt || resend) return again(work.outcomes, failure, toEventError(failure));
      const note = { ...toEventError(failure), code: "outcome-unknown", retryable: false };
      const mayBeAsked = platform.recover !== undefined && (!work.outcomeUncertain || failure.kind === "retryable");
      if (!mayBeAsked) return finish("unknown", work.outcomes, note);
      return again(work.outcomes, { kind: "retryable", retryAfterMs: failure.retryAfterMs }, note, true);
    }

    /** What was cancelled is final already; what is late may be ended here before the sweep sees it. */
    function makeRoom(): Promise<LaneState> {
      return now() < work.expiresAt
        ? outbox.claim(work.app, work.lane)
        : finish("expired", work.outcomes, EXPIRED_ERROR);
    }

    async function carryOut(): Promise<LaneState> {
      const ended = await attempt(deps, platform, work, now, signal);
      // Taking the lane back would put the worker that has it now in doubt, and then the two would take turns.
      if (ended.kind === "lost") return { kind: "lost" };
      if (ended.kind === "over") return makeRoom();
      if (ended.kind === "receipt") return record(ended.receipt);
      return afterFailure(ended.failure, ended.committed);
    }

    // Whoever is under way when a worker dies is a suspect; tried one by one, only the true cause is given up.
    if (work.claimCount <= TAKES_MOST || work.outcomeUncertain) return carryOut();
    return apart(async () => {
      if ((await outbox.recordCrash(work)) >= DEATHS_MOST) return finish("failed", work.outcomes, toEventError(POISON));
      return carryOut();
    });
  };
}

type Wait = Pick<Failure, "kind" | "retryAfterMs">;
const LATER: EventError = {
  code: "platform-unavailable",
  detail: "The network asks to try again later.",
  retryable: true,
};
const POISON = new Failure({
  kind: "permanent",
  code: "internal-error",
  detail: "Workers died while carrying this out, so it was given up. Tell the operator.",
});

/** Runs deeds one after the other, whatever becomes of each. */
function oneAtATime(): <T>(deed: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (deed) => {
    const mine = last.then(deed, deed);
    last = mine;
    return mine;
  };
}

function firstError(decided: Decided): EventError | undefined {
  return decided.find((outcome) => outcome?.error !== undefined)?.error;
}

/** Puts the outcomes of the pending targets in their places; deferred ones stay undecided. */
function merge(decided: Decided, outcomes: readonly Outcome[]): Decided {
  const queue = [...outcomes];
  return decided.map((known) => {
    if (known !== null) return known;
    const outcome = queue.shift();
    if (!outcome || outcome.status === "deferred") return null;
    const { retryAfterMs: _, ...kept } = outcome;
    return kept;
  });
}

/** One word for all targets: the one they share, or `partial`. */
function summary(decided: Decided, otherwise: FinalStatus): FinalStatus {
  const words = new Set(decided.map((outcome: TargetOutcome | null) => (outcome?.status ?? otherwise) as FinalStatus));
  if (words.size === 0) return otherwise;
  if (words.size === 1) return [...words][0] as FinalStatus;
  return words.has("sent") ? "partial" : words.has("unknown") ? "unknown" : "failed";
}
