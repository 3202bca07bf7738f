import type { Activity } from "../../model/activity.ts";
import type { ValidationIssue } from "../../platform/platform.ts";

/** Rejects both or neither of `json` and `body`, and addresses that can't be opened. */
export function validate(
  _verb: string,
  { target, object }: Pick<Activity, "target" | "object">,
): ValidationIssue | undefined {
  if ((object.json === undefined) === (object.body === undefined)) {
    return { code: "validation-failed", detail: "must have either json or body", pointer: "/object" };
  }
  const index = target.findIndex(({ address }) => !isOpenable(address));
  if (index < 0) return undefined;
  const detail = "must be a complete http or https address without a login";
  return { code: "validation-failed", detail, pointer: `/target/${index}/address` };
}

function isOpenable(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { username, password } = new URL(address);
  return username === "" && password === "";
}
