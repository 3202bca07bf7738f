import type { ActivityEvent } from "../../../model/event.ts";

/** A message, post or comment in the form of an `activity` event, whether received or fetched. */
export type Item = Pick<ActivityEvent, "verb" | "actor" | "object" | "context" | "id" | "published" | "self">;
