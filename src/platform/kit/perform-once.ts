import type { Activity } from "../../model/activity.ts";
import type { Failure } from "../../model/failure.ts";
import { optional } from "../../model/optional.ts";
import type { Receipt, VerbContext } from "../platform.ts";

export interface PerformOnceOptions {
  /** The platform's classification of thrown values. */
  readonly classifyError: (thrown: unknown) => Failure;
  /** Failure codes that prove, from the second attempt on, that an earlier attempt succeeded. */
  readonly doneCodes?: readonly string[];
}

/**
 * Runs an action once for the whole activity, whose target may be empty.
 * The action awaits `beforeSend` before its first irreversible byte and returns the network's id. Every pending target gets
 * the same outcome. Throws what the action throws, unless an earlier attempt proves to have succeeded.
 */
export async function performOnce(
  activity: Pick<Activity, "target">,
  context: Pick<VerbContext, "pending" | "attempt" | "commit">,
  { classifyError, doneCodes = ["duplicate-content"] }: PerformOnceOptions,
  action: (beforeSend: () => Promise<void>) => Promise<string | undefined>,
): Promise<Receipt> {
  let committing: Promise<void> | undefined;
  const beforeSend = () => {
    committing ??= context.commit();
    return committing;
  };
  const id = await action(beforeSend).catch((thrown: unknown) => {
    if (context.attempt === 1 || !doneCodes.includes(classifyError(thrown).code)) throw thrown;
    return undefined;
  });
  const outcomes = context.pending.map((index) => ({
    address: activity.target[index]?.address ?? "",
    status: "sent" as const,
    ...optional("id", id),
  }));
  return { outcomes, ...optional("object", id === undefined ? undefined : { id }) };
}
