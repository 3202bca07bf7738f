import type { Activity } from "../../model/activity.ts";
import { postedText } from "../../platform/kit/rich-text/posted-text.ts";
import type { ValidationIssue } from "../../platform/platform.ts";

/** Rejects objects without exactly one of JSON and text, and addresses that can't be opened. */
export function validate(
  _verb: string,
  { target, object }: Pick<Activity, "target" | "object">,
): ValidationIssue | undefined {
  const { body, html, markdown } = postedText(object);
  const hasText = [body, html, markdown].some((form) => form !== undefined);
  if (hasText === (object.json !== undefined)) {
    const detail = "must have either json or a text: body, html or markdown";
    return { code: "validation-failed", detail, pointer: "/object" };
  }
  if (object.mediaType !== undefined && (html !== undefined || markdown !== undefined)) {
    const detail = "belongs to body; html and markdown are sent as text/html";
    return { code: "validation-failed", detail, pointer: "/object/mediaType" };
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
