import type { Activity } from "../../../model/activity.ts";
import * as each from "../../../platform/kit/for-each-target.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import { classifyError } from "../errors.ts";

/** Does a deed for each pending target, see the word of the same name; X's errors say what went wrong. */
export function doEach(
  activity: Activity,
  context: VerbContext,
  deed: (address: string, before: () => Promise<void>) => Promise<string | undefined>,
): Promise<Receipt> {
  return each.forEachTarget(activity, context, { classifyError }, deed);
}
