import type { Failure } from "../model/failure.ts";
import type { LaneItem } from "../outbox/outbox.ts";
import { failureFrom, type Platform, type Receipt } from "../platform/platform.ts";
import { type AttemptDeps, attemptContext } from "./attempt-context.ts";
import { CommitMark } from "./commit-mark.ts";
import { recoverOutcome, runVerb, staysUncertain, untilAborted } from "./run-verb.ts";
import { timeLimit } from "./time-limit.ts";

/** Result of one attempt. Nothing was sent when another worker has the lane (`lost`) or the activity is `over`. */
export type AttemptResult =
  | { readonly kind: "receipt"; readonly receipt: Receipt }
  | { readonly kind: "failure"; readonly failure: Failure; readonly committed: boolean }
  | { readonly kind: "lost" }
  /** Cancelled or expired before the commit. */
  | { readonly kind: "over" };

const DEFAULT_TIMEOUT_SECONDS = 120;

/**
 * Runs the verb once, or recovers the outcome that an earlier worker left uncertain.
 * Never throws for a platform's error. Throws when Redis fails; then the lane's job is tried again.
 */
export async function attempt(
  deps: AttemptDeps,
  platform: Platform,
  item: LaneItem,
  now: () => number,
  signal: AbortSignal,
): Promise<AttemptResult> {
  const limit = timeLimit((platform.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1_000, signal);
  const mark = new CommitMark(deps.outbox, item, now);
  const context = attemptContext(deps, item, limit.signal, (options) => mark.commit(options));
  let hasClient = false;
  try {
    const { actor, verb } = item.activity;
    const request = { app: item.app, address: actor.address, verb, signal: context.signal };
    const receipt = await deps.clients.use(platform, request, (client) => {
      hasClient = true;
      return item.outcomeUncertain
        ? recoverOutcome(platform, client, item, context)
        : untilAborted(runVerb(platform, client, item, context), context.signal);
    });
    return { kind: "receipt", receipt };
  } catch (error) {
    if (mark.fault !== undefined) throw mark.fault;
    if (mark.refusal) return { kind: mark.refusal };
    const failure = failureFrom(platform, error);
    // Without a client the network could not be asked: an uncertain outcome stays uncertain.
    const isUnasked = item.outcomeUncertain && !hasClient;
    return { kind: "failure", failure: isUnasked ? staysUncertain(failure) : failure, committed: mark.isCommitted };
  } finally {
    mark.close();
    limit.end();
  }
}
