import type { Activity } from "../../model/activity.ts";
import type { Failure } from "../../model/failure.ts";
import { type CommitOptions, type Outcome, outcomeOf, type Receipt, type VerbContext } from "../platform.ts";

/** Options of `forEachTarget`. */
export interface ForEachTargetOptions {
  /** The platform's own classification of thrown values. */
  readonly classifyError: (thrown: unknown) => Failure;
  /** Data stored together with the commit. */
  readonly commitOptions?: CommitOptions;
}

/**
 * Runs an action for each pending target, in order, with a single commit for all.
 * `action` awaits `beforeSend` just before its first irreversible byte and answers with the network's id of the result.
 * Throws the reason for which the commit was refused. Throws a failure that all targets share, so that its wait extends
 * the activity's deadline.
 */
export async function forEachTarget(
  activity: Pick<Activity, "target">,
  context: Pick<VerbContext, "pending" | "signal" | "attempt" | "commit">,
  { classifyError, commitOptions }: ForEachTargetOptions,
  action: (address: string, beforeSend: () => Promise<void>) => Promise<string | undefined>,
): Promise<Receipt> {
  const attempts: Array<{ readonly outcome: Outcome; readonly failure?: Failure }> = [];
  const { beforeSend, refusal } = sharedCommit(context, commitOptions);
  for (const index of context.pending) {
    context.signal.throwIfAborted();
    const address = activity.target[index]?.address ?? "";
    try {
      const id = await action(address, beforeSend);
      attempts.push({ outcome: { address, status: "sent", ...(id === undefined ? {} : { id }) } });
    } catch (thrown) {
      const refused = refusal();
      if (refused) throw refused.thrown;
      const failure = classifyError(thrown);
      // An earlier attempt succeeded, but its answer never arrived.
      const isDone = failure.code === "duplicate-content" && context.attempt > 1;
      attempts.push(
        isDone ? { outcome: { address, status: "sent" } } : { outcome: outcomeOf(address, failure), failure },
      );
    }
  }
  const failures = attempts.flatMap(({ failure }) => failure ?? []);
  const outcomes = attempts.map(({ outcome }) => outcome);
  if (failures.length === attempts.length && isSharedFailure(outcomes, failures)) throw longestWait(failures);
  return { outcomes };
}

/** Commit shared by all targets; the first target that needs it makes it. */
function sharedCommit(context: Pick<VerbContext, "commit">, options: CommitOptions | undefined) {
  let commit: Promise<void> | undefined;
  let refused: { readonly thrown: unknown } | undefined;
  return {
    beforeSend: () => {
      commit ??= context.commit(options);
      return commit.catch((thrown: unknown) => {
        refused = { thrown };
        throw thrown;
      });
    },
    refusal: () => refused,
  };
}

function isSharedFailure(outcomes: readonly Outcome[], failures: readonly Failure[]): boolean {
  if (outcomes.length <= 1) return outcomes.length === 1;
  return outcomes.every(({ status }) => status === "deferred") || failures.every(({ kind }) => kind === "auth");
}

function longestWait(failures: readonly Failure[]): Failure {
  const [first, ...others] = failures as readonly [Failure, ...Failure[]];
  return others.reduce(
    (max, failure) => ((failure.retryAfterMs ?? 0) > (max.retryAfterMs ?? 0) ? failure : max),
    first,
  );
}
