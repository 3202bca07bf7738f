import type { ActivityEvent } from "../../../model/event.ts";

/** A message, post or comment as an `activity` event, received or fetched. */
export type Item = Pick<ActivityEvent, "verb" | "actor" | "object" | "context" | "id" | "published" | "self">;
