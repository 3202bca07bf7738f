import type { ActivityEvent, HookEvent, ResultEvent, SessionEvent, StatusEvent } from "../model/event.ts";
import type { EventWriter } from "./event-formats.ts";

type FieldOf<Event> = Event extends unknown ? keyof Event : never;
type EventField = FieldOf<ResultEvent | StatusEvent | ActivityEvent | SessionEvent | HookEvent>;

/** Fields that a listener may choose, of all types of events. */
export const EVENT_FIELDS = [
  "type",
  "rid",
  "id",
  "platform",
  "verb",
  "status",
  "actor",
  "target",
  "object",
  "context",
  "error",
  "attempts",
  "traceId",
  "retryAt",
  "published",
  "received",
  "self",
  "state",
  "name",
  "lost",
] as const satisfies readonly EventField[];
export type ChosenField = (typeof EVENT_FIELDS)[number];

/**
 * Makes the writer of events with some fields only. The type is always there, since without it a frame could not be told from
 * others; fields that an event lacks are left out. Writers of the same fields share their name, in whatever order.
 */
export function chosenFieldsWriter(fields: readonly ChosenField[]): EventWriter {
  const chosen = EVENT_FIELDS.filter((field) => field === "type" || fields.includes(field));
  const names = ["cursor", ...chosen];
  return {
    name: `fields ${chosen.join(",")}`,
    repeatsCursor: false,
    write(json) {
      const event = JSON.parse(json) as Readonly<Record<string, unknown>>;
      return JSON.stringify(Object.fromEntries(names.flatMap((name) => (name in event ? [[name, event[name]]] : []))));
    },
  };
}
