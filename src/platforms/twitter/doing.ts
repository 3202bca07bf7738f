import type { Activity } from "../../activity.ts";
import type { Failure } from "../../failure.ts";
import { type Lent, type Outcome, outcomeOf, type Receipt } from "../../platform.ts";
import { explain } from "./explain.ts";

/**
 * Does a deed for each pending target, one after the other; `deed` awaits what it is given just before its first byte
 * that counts, and answers with X's id of what came of it. Throws what the commit was refused with, and the failure when
 * it is one for all of them: a wait then prolongs the activity's life.
 */
export async function doEach(
  activity: Activity,
  lent: Lent,
  deed: (address: string, before: () => Promise<void>) => Promise<string | undefined>,
): Promise<Receipt> {
  const outcomes: Outcome[] = [];
  const failures: Failure[] = [];
  let refused: { readonly thrown: unknown } | undefined;
  let commit: Promise<void> | undefined;
  const before = () => {
    commit ??= lent.commit();
    return commit.catch((thrown: unknown) => {
      refused = { thrown };
      throw thrown;
    });
  };
  for (const index of lent.pending) {
    lent.signal.throwIfAborted();
    const address = activity.target[index]?.address ?? "";
    try {
      const id = await deed(address, before);
      outcomes.push({ address, status: "sent", ...(id === undefined ? {} : { id }) });
    } catch (thrown) {
      if (refused) throw refused.thrown;
      const failure = explain(thrown);
      // X did it at an earlier try whose answer never came.
      if (failure.code === "duplicate-content" && lent.attempt > 1) outcomes.push({ address, status: "sent" });
      else {
        failures.push(failure);
        outcomes.push(outcomeOf(address, failure));
      }
    }
  }
  const [first] = failures;
  const same =
    outcomes.length === 1 ||
    outcomes.every(({ status }) => status === "deferred") ||
    failures.every(({ kind }) => kind === "auth");
  if (first && failures.length === outcomes.length && same) throw longest(failures);
  return { outcomes };
}

function longest(failures: readonly Failure[]): Failure {
  const [first, ...others] = failures as readonly [Failure, ...Failure[]];
  return others.reduce((one, two) => ((two.retryAfterMs ?? 0) > (one.retryAfterMs ?? 0) ? two : one), first);
}
