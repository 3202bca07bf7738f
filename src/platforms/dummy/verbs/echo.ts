import { setTimeout as sleep } from "node:timers/promises";
import type { Activity } from "../../../model/activity.ts";
import type { Failure } from "../../../model/failure.ts";
import {
  type ActivityOf,
  type Outcome,
  outcomeOf,
  type Receipt,
  type VerbContext,
} from "../../../platform/platform.ts";
import type { EffectLedger } from "../client/ledger.ts";
import type { DelaySchema } from "../schemas/faults.ts";

/** Performs the effect in every platform's order: the commit first, then the irreversible part. */
export async function performEffect(activity: Activity, context: VerbContext, ledger: EffectLedger): Promise<void> {
  await context.commit();
  ledger(activity);
}

/** Succeeds at once for all pending targets. */
export async function echo(activity: Activity, context: VerbContext, ledger: EffectLedger): Promise<Receipt> {
  await performEffect(activity, context, ledger);
  return receiptOf(activity, context.pending);
}

/** Succeeds after a pause before or after the commit. Rejects when the work is aborted during the pause. */
export async function delay(
  activity: ActivityOf<typeof DelaySchema>,
  context: VerbContext,
  ledger: EffectLedger,
): Promise<Receipt> {
  const { ms, when = "before" } = activity.object;
  if (when === "before") {
    await sleep(ms, undefined, { signal: context.signal });
    return echo(activity, context, ledger);
  }
  await performEffect(activity, context, ledger);
  await sleep(ms, undefined, { signal: context.signal });
  return receiptOf(activity, context.pending);
}

/** Returns an outcome per pending target: `sent`, unless `failureOf` has a failure for its address. */
export function receiptOf(
  activity: Activity,
  pending: readonly number[],
  failureOf: (address: string) => Failure | undefined = () => undefined,
): Receipt {
  const outcomes = pending.map((index): Outcome => {
    const address = activity.target[index]?.address ?? "";
    const failure = failureOf(address);
    return failure ? outcomeOf(address, failure) : { address, status: "sent", id: activity.id };
  });
  return { outcomes, object: { ...activity.object, id: activity.id } };
}
