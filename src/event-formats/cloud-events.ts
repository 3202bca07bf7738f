import { optional } from "../model/optional.ts";
import { fieldsOf, type LoggedEvent, textOf } from "./logged-event.ts";
import { encoded } from "./uris.ts";

/** Event in the JSON format of CloudEvents 1.0. `data` is the whole event. */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  /** `/<platform>/<account>`; of other events the type. */
  readonly source: string;
  /** `dragoman.<type>`, with the verb or state behind: `dragoman.activity.send`. */
  readonly type: string;
  /** Conversation of an arrival, rid of a result. */
  readonly subject?: string;
  readonly time?: string;
  readonly datacontenttype: "application/json";
  readonly data: LoggedEvent;
}

/** Writes an event as CloudEvent. Its id is the cursor; `id` names controls, which have none. */
export function toCloudEvent(event: LoggedEvent, id: string): CloudEvent {
  const detail = textOf(event.verb) ?? textOf(event.state);
  return {
    specversion: "1.0",
    id: textOf(event.cursor) ?? id,
    source: sourceOf(event),
    type: detail === undefined ? `dragoman.${event.type}` : `dragoman.${event.type}.${detail}`,
    ...optional("subject", subjectOf(event)),
    ...optional("time", timeOf(event.published)),
    datacontenttype: "application/json",
    data: event,
  };
}

/** Reads the event in a CloudEvent of `toCloudEvent`. */
export function fromCloudEvent({ data }: CloudEvent): LoggedEvent {
  return data;
}

/** Account that an event belongs to. An arrival came to its target, all others concern the actor. */
function sourceOf(event: LoggedEvent): string {
  const platform = textOf(event.platform);
  if (platform === undefined) return `/${encoded(event.type)}/${encoded(textOf(event.name) ?? "")}`;
  const [target] = Array.isArray(event.target) ? (event.target as readonly unknown[]) : [];
  const account = fieldsOf(event.type === "activity" ? target : event.actor).address;
  return `/${encoded(platform)}/${encoded(textOf(account) ?? "")}`;
}

function subjectOf({ context, rid }: LoggedEvent): string | undefined {
  const number = typeof rid === "number" ? String(rid) : undefined;
  return textOf(fieldsOf(context).id) ?? textOf(rid) ?? number;
}

function timeOf(published: unknown): string | undefined {
  const time = textOf(published);
  return time === undefined || Number.isNaN(Date.parse(time)) ? undefined : new Date(time).toISOString();
}
