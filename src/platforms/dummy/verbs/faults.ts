import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { EffectLedger } from "../client/ledger.ts";
import { lostOutcome, requestedFailure } from "../errors.ts";
import type { CrashSchema, FailSchema, UnknownSchema } from "../schemas/faults.ts";
import { echo, performEffect, receiptOf } from "./echo.ts";

/** Fails on the first `times` attempts, for all targets or those in `only`; then succeeds. */
export async function fail(
  activity: ActivityOf<typeof FailSchema>,
  context: VerbContext,
  ledger: EffectLedger,
): Promise<Receipt> {
  const { only, times = Number.POSITIVE_INFINITY, ...request } = activity.object;
  const isFailing = context.attempt <= times;
  if (isFailing && only === undefined) throw requestedFailure(request);
  await performEffect(activity, context, ledger);
  return receiptOf(activity, context.pending, (address) =>
    isFailing && only?.includes(address) ? requestedFailure(request) : undefined,
  );
}

/** Kills this process by SIGKILL on the first `times` attempts; then succeeds. */
export async function crash(
  activity: ActivityOf<typeof CrashSchema>,
  context: VerbContext,
  ledger: EffectLedger,
): Promise<Receipt> {
  const { when, times = 1 } = activity.object;
  if (context.attempt > times) return echo(activity, context, ledger);
  if (when !== "before") await context.commit();
  if (when === "after") ledger(activity);
  process.kill(process.pid, "SIGKILL");
  return new Promise<never>(() => undefined);
}

/** Breaks after the commit; the effect happened unless `landed` is false. */
export async function loseOutcome(
  activity: ActivityOf<typeof UnknownSchema>,
  context: VerbContext,
  ledger: EffectLedger,
): Promise<Receipt> {
  const { landed = true } = activity.object;
  await context.commit();
  if (landed) ledger(activity);
  throw lostOutcome();
}
