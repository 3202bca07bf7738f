import type { Activity } from "../../model/activity.ts";
import type { Failure } from "../../model/failure.ts";
import { type CommitOptions, type Outcome, outcomeOf, type Receipt, type VerbContext } from "../platform.ts";

export interface ForEachTargetOptions {
  /** The platform's own: says what a thrown value means. */
  readonly classifyError: (thrown: unknown) => Failure;
  /** What the commit takes beside the mark. */
  readonly commitOptions?: CommitOptions;
}

/**
 * Does a deed for each pending target, one after the other; `deed` awaits what it is given just before its first byte
 * that counts, and answers with the network's id of what came of it. Throws what the commit was refused with, and the
 * failure when it is one for all of them: a wait then prolongs the activity's life.
 */
export async function forEachTarget(
  activity: Pick<Activity, "target">,
  context: Pick<VerbContext, "pending" | "signal" | "attempt" | "commit">,
  { classifyError: explain, commitOptions: more }: ForEachTargetOptions,
  action: (address: string, before: () => Promise<void>) => Promise<string | undefined>,
): Promise<Receipt> {
  const tried: Array<{ readonly outcome: Outcome; readonly failure?: Failure }> = [];
  const { before, refusal } = committing(context, more);
  for (const index of context.pending) {
    context.signal.throwIfAborted();
    const address = activity.target[index]?.address ?? "";
    try {
      const id = await action(address, before);
      tried.push({ outcome: { address, status: "sent", ...(id === undefined ? {} : { id }) } });
    } catch (thrown) {
      const refused = refusal();
      if (refused) throw refused.thrown;
      const failure = explain(thrown);
      // The network did it at an earlier try whose answer never came.
      const isDone = failure.code === "duplicate-content" && context.attempt > 1;
      tried.push(isDone ? { outcome: { address, status: "sent" } } : { outcome: outcomeOf(address, failure), failure });
    }
  }
  const failures = tried.flatMap(({ failure }) => failure ?? []);
  const outcomes = tried.map(({ outcome }) => outcome);
  if (failures.length === tried.length && isOneForAll(outcomes, failures)) throw longest(failures);
  return { outcomes };
}

/** One commit for all deeds, made by the first that needs it. */
function committing(context: Pick<VerbContext, "commit">, more: CommitOptions | undefined) {
  let commit: Promise<void> | undefined;
  let refused: { readonly thrown: unknown } | undefined;
  return {
    before: () => {
      commit ??= context.commit(more);
      return commit.catch((thrown: unknown) => {
        refused = { thrown };
        throw thrown;
      });
    },
    refusal: () => refused,
  };
}

function isOneForAll(outcomes: readonly Outcome[], failures: readonly Failure[]): boolean {
  if (outcomes.length <= 1) return outcomes.length === 1;
  return outcomes.every(({ status }) => status === "deferred") || failures.every(({ kind }) => kind === "auth");
}

function longest(failures: readonly Failure[]): Failure {
  const [first, ...others] = failures as readonly [Failure, ...Failure[]];
  return others.reduce((one, two) => ((two.retryAfterMs ?? 0) > (one.retryAfterMs ?? 0) ? two : one), first);
}
