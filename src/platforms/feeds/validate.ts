import type { Activity } from "../../model/activity.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { httpAddress } from "./client/document/web-address.ts";

const CURSOR = /^-?\d{1,15}\.[0-9a-f]{12}$/;

/** Rejects incomplete addresses that fit the schema's pattern, and a subscription without feeds. */
export function validate(
  verb: string,
  { target, object }: Pick<Activity, "target" | "object">,
): ValidationIssue | undefined {
  const index = target.findIndex(({ address }) => !URL.canParse(httpAddress(address)));
  if (index >= 0) {
    return { code: "validation-failed", detail: "is no complete web address", pointer: `/target/${index}/address` };
  }
  if (verb === "fetch") return cursorIssue(target, object.after);
  const hasFeeds = target.length > 0 || object.attachments !== undefined;
  if (verb !== "subscribe" || hasFeeds) return undefined;
  return {
    code: "validation-failed",
    detail: "must name a feed, unless object.attachments has an OPML document",
    pointer: "/target",
  };
}

/** Rejects invalid cursors (times, in earlier versions), and a cursor for several targets. */
function cursorIssue(target: Activity["target"], after: unknown): ValidationIssue | undefined {
  if (after === undefined || (target.length === 1 && CURSOR.test(String(after)))) return undefined;
  const detail = CURSOR.test(String(after))
    ? "goes with one target: each feed has a `next` of its own"
    : "is no `next` of an earlier answer; for times use object.since";
  return { code: "validation-failed", detail, pointer: "/object/after" };
}
