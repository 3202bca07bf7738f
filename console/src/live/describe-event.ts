import type { LiveEvent } from "./event-buffer.ts";

/** Line of an event in the list. */
export interface EventLine {
  readonly time: string;
  readonly type: string;
  readonly status: string;
  readonly platform: string;
  readonly summary: string;
  /** Rid of the app's own activities; empty for all other events. */
  readonly rid: string;
}

/** Returns the line of an event. Everything in it is text. */
export function describeEvent({ event }: LiveEvent): EventLine {
  const type = textOf(event.type);
  const published = textOf(event.received) || textOf(event.published);
  return {
    time: published === "" ? "" : new Date(published).toLocaleTimeString(),
    type,
    status: textOf(event.status) || textOf(event.state),
    platform: textOf(event.platform),
    summary: summaryOf(type, event),
    rid: type === "result" || type === "status" ? textOf(event.rid) : "",
  };
}

function summaryOf(type: string, event: LiveEvent["event"]): string {
  const actor = addressOf(event.actor);
  const targets = Array.isArray(event.target) ? event.target.map(addressOf) : [];
  if (type === "hook") return `${textOf(event.name)}`;
  if (type === "session") return actor;
  const object = recordOf(event.object);
  const content = textOf(object.subject) || textOf(object.title) || textOf(object.body);
  const reason = textOf(recordOf(event.error).detail);
  return [`${textOf(event.verb)}: ${actor} → ${targets.join(", ")}`, content, reason].filter(Boolean).join(" · ");
}

function addressOf(value: unknown): string {
  return textOf(recordOf(value).address);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value).slice(0, 300) : "";
}
