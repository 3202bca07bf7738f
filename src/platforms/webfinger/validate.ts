import type { Activity } from "../../model/activity.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { resourceOf } from "./client/resource.ts";

/** Rejects addresses that fit the schema's pattern but name no host. */
export function validate(_verb: string, { target }: Pick<Activity, "target">): ValidationIssue | undefined {
  const index = target.findIndex(({ address }) => resourceOf(address) === undefined);
  if (index < 0) return undefined;
  const detail =
    "names no host that could be asked: takes acct:user@host, user@host or an https address without a login";
  return { code: "validation-failed", detail, pointer: `/target/${index}/address` };
}
