import { Failure } from "../model/failure.ts";
import { optional } from "../model/optional.ts";
import type { LaneItem } from "../outbox/outbox.ts";
import { failureFrom, type Platform, type Receipt, type VerbContext } from "../platform/platform.ts";

/** Runs the activity's verb; throws `verb-not-supported` where this worker's platform has no such verb. */
export async function runVerb(
  platform: Platform,
  client: unknown,
  { activity }: LaneItem,
  context: VerbContext,
): Promise<Receipt> {
  const verb = platform.verbs[activity.verb];
  if (!verb)
    throw new Failure({
      kind: "permanent",
      code: "verb-not-supported",
      detail: "The workers of this gateway don't support the verb.",
    });
  return verb.run(client, activity, context);
}

/**
 * Recovers an outcome that a dead worker left uncertain after the commit (promise "not doubled").
 * Asks the network where the platform can; else sends again with `onUnknown: resend`, or throws `outcome-unknown`.
 */
export async function recoverOutcome(
  platform: Platform,
  client: unknown,
  item: LaneItem,
  context: VerbContext,
): Promise<Receipt> {
  const recovered = await platform.recover?.(client, item.activity, context).catch((error: unknown) => {
    throw staysUncertain(failureFrom(platform, error));
  });
  if (recovered) return recovered;
  if (item.activity.options?.onUnknown === "resend")
    return untilAborted(runVerb(platform, client, item, context), context.signal);
  throw new Failure({
    kind: "permanent",
    code: "outcome-unknown",
    detail:
      "The gateway stopped between sending and the network's answer, so the activity may have been delivered. It is sent again only with options.onUnknown: resend.",
    mayHaveLanded: true,
  });
}

/** Returns the failure with `mayHaveLanded`: not being able to ask makes nothing certain. */
export function staysUncertain(failure: Failure): Failure {
  const { kind, code, message: detail, retryAfterMs, platformCode } = failure;
  return new Failure({
    kind,
    code,
    detail,
    mayHaveLanded: true,
    ...optional("retryAfterMs", retryAfterMs),
    ...optional("platformCode", platformCode),
    cause: failure,
  });
}

/** Settles as the work does, or rejects when the signal aborts. A platform that ignores its signal must not hold the lane. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void =>
      reject(
        new Failure({
          kind: "retryable",
          code: "platform-timeout",
          detail: "The network did not answer in time.",
          mayHaveLanded: true,
          cause: signal.reason,
        }),
      );
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
