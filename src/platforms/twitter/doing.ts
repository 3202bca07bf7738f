import type { Activity } from "../../activity.ts";
import * as each from "../../doing.ts";
import type { Lent, Receipt } from "../../platform.ts";
import { explain } from "./explain.ts";

/** Does a deed for each pending target, see the word of the same name; X's errors say what went wrong. */
export function doEach(
  activity: Activity,
  lent: Lent,
  deed: (address: string, before: () => Promise<void>) => Promise<string | undefined>,
): Promise<Receipt> {
  return each.doEach(activity, lent, { explain }, deed);
}
