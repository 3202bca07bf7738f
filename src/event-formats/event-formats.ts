import { toActivityStreams } from "./activity-streams.ts";
import { toCloudEvent } from "./cloud-events.ts";
import type { EventFormat } from "./event-format.ts";
import type { LoggedEvent } from "./logged-event.ts";
import type { SchemeOf } from "./uris.ts";

export { AS2_CONTEXT, fromActivityStreams, toActivityStreams } from "./activity-streams.ts";
export { type ChosenField, chosenFieldsWriter, EVENT_FIELDS } from "./chosen-fields.ts";
export { type CloudEvent, fromCloudEvent, toCloudEvent } from "./cloud-events.ts";
export { EVENT_FORMATS, type EventFormat } from "./event-format.ts";
export type { SchemeOf } from "./uris.ts";

/** Media types of a single event. */
export const EVENT_MEDIA_TYPES: Readonly<Record<EventFormat, string>> = {
  dragoman: "application/json",
  cloudevents: "application/cloudevents+json",
  activitystreams: "application/activity+json",
};

/** Writer of one form of events. */
export interface EventWriter {
  /** Tells the form from others: writers of one name write the same. */
  readonly name: string;
  /** True where an event repeats the cursor that a stream's `id:` tells already. */
  readonly repeatsCursor: boolean;
  /** Writes an event, given as the log's JSON, in one line. `id` names events without cursor. */
  readonly write: (json: string, id: string) => string;
}

/** Writers by format. `dragoman` needs none: the log's own JSON goes out. */
export interface EventFormats {
  readonly writerOf: (format: EventFormat | undefined) => EventWriter | undefined;
}

/** Makes the writers. `schemeOf` knows the URI schemes of the platforms' addresses. */
export function eventFormats(schemeOf: SchemeOf): EventFormats {
  const writer = (format: EventFormat, convert: (event: LoggedEvent, id: string) => object): EventWriter => ({
    name: format,
    repeatsCursor: true,
    write: (json, id) => JSON.stringify(convert(JSON.parse(json) as LoggedEvent, id)),
  });
  const writers: Partial<Record<EventFormat, EventWriter>> = {
    cloudevents: writer("cloudevents", toCloudEvent),
    activitystreams: writer("activitystreams", (event) => toActivityStreams(event, schemeOf)),
  };
  return { writerOf: (format) => (format === undefined ? undefined : writers[format]) };
}
