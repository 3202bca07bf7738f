import type { Activity } from "../../model/activity.ts";
import type { Receipt, VerbContext } from "../../platform/platform.ts";
import { requestedFailure } from "./errors.ts";
import { receiptOf } from "./verbs/echo.ts";

/** Settles an `unknown` activity by its `resolves`; undefined without that property. */
export async function recover(activity: Activity, context: VerbContext): Promise<Receipt | undefined> {
  const { resolves } = activity.object;
  if (activity.verb !== "unknown" || resolves === undefined) return undefined;
  return receiptOf(activity, context.pending, () =>
    resolves === "sent" ? undefined : requestedFailure({ kind: "permanent" }),
  );
}
