import type { Activity } from "../../model/activity.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { httpAddress } from "./client/document/web-address.ts";

/** Rejects addresses that fit the schema's pattern but are incomplete, and a subscription without feeds. */
export function validate(
  verb: string,
  { target, object }: Pick<Activity, "target" | "object">,
): ValidationIssue | undefined {
  const index = target.findIndex(({ address }) => !URL.canParse(httpAddress(address)));
  if (index >= 0) {
    return { code: "validation-failed", detail: "is no complete web address", pointer: `/target/${index}/address` };
  }
  const hasFeeds = target.length > 0 || object.opml !== undefined || object.attachments !== undefined;
  if (verb !== "subscribe" || hasFeeds) return undefined;
  return { code: "validation-failed", detail: "must name a feed, unless object.opml does", pointer: "/target" };
}
