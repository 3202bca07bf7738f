import type { EventWriter } from "../event-formats/event-formats.ts";
import { formatCursor } from "../event-log/cursor.ts";
import { type EventFacts, factsOf } from "../event-log/filter.ts";
import { encodeChunk, encodeSseBlock } from "./sse-encoding.ts";
import { encodeTextFrame } from "./websocket-encoding.ts";

/** The forms in which an event goes out. `plain` is for HTTP/1.0 peers, which can't take chunks. */
export type StreamEncoding = "sse" | "ssePlain" | "named" | "namedPlain" | "socket";

/** Event of a log, parsed once and encoded once per form for all subscribers. */
export interface EncodedEvent {
  readonly id: string;
  readonly cursor: string;
  /** The event's JSON in one line, without its cursor. */
  readonly json: string;
  readonly facts: EventFacts;
  /** Buffers by encoding and form, up to `MAX_ENCODINGS`. */
  readonly encodings: Map<string, Buffer>;
}

/** Maximum number of kept encodings of an event. Listeners choose fields, so that there may be any number of forms. */
const MAX_ENCODINGS = 20;

/** Some events that are due for the same listener at once: one write. */
export interface EventBatch {
  readonly events: readonly EncodedEvent[];
  readonly bytes: (kind: StreamEncoding, writer?: EventWriter) => Buffer;
}

/** Makes the frame of an entry. Throws a SyntaxError when its JSON is not an object with a `type`. */
export function encodeEvent(epoch: string, id: string, json: string): EncodedEvent {
  const event: unknown = JSON.parse(json);
  if (typeof event !== "object" || event === null) throw new SyntaxError("not an event");
  const { type } = event as { readonly type?: unknown };
  if (typeof type !== "string" || !/^[a-z][a-z-]{0,31}$/.test(type)) throw new SyntaxError("not an event's type");
  const facts = factsOf(event as Record<string, unknown>);
  const line = /[\r\n]/.test(json) ? JSON.stringify(event) : json;
  return { id, cursor: formatCursor(epoch, id), json: line, facts, encodings: new Map() };
}

/** The event's JSON with its `cursor`, as WebSockets and polls carry it. */
export function jsonWithCursor(event: EncodedEvent): string {
  return `{"cursor":"${event.cursor}",${event.json.slice(event.json.indexOf("{") + 1)}`;
}

/** Gathers frames; joining is done once per form, for all listeners that share the batch. */
export function createBatch(events: readonly EncodedEvent[]): EventBatch {
  const joined = new Map<string, Buffer>();
  return {
    events,
    bytes: (kind, writer) => {
      const only = events.length === 1 ? events[0] : undefined;
      if (only) return bytesOf(only, kind, writer);
      const key = keyOf(kind, writer);
      const ready = joined.get(key) ?? Buffer.concat(events.map((event) => bytesOf(event, kind, writer)));
      joined.set(key, ready);
      return ready;
    },
  };
}

/** The event's JSON with its cursor, in the writer's form. */
export function formattedJson(event: EncodedEvent, writer: EventWriter | undefined): string {
  const json = jsonWithCursor(event);
  return writer === undefined ? json : writer.write(json, event.cursor);
}

/** The event's JSON without its cursor. */
function plainJson({ json, cursor }: EncodedEvent, writer: EventWriter | undefined): string {
  return writer === undefined ? json : writer.write(json, cursor);
}

function keyOf(kind: StreamEncoding, writer: EventWriter | undefined): string {
  return writer === undefined ? kind : `${kind} ${writer.name}`;
}

function bytesOf(event: EncodedEvent, kind: StreamEncoding, writer: EventWriter | undefined): Buffer {
  const key = keyOf(kind, writer);
  const ready = event.encodings.get(key);
  if (ready !== undefined) return ready;
  const built = build(event, kind, writer);
  if (event.encodings.size < MAX_ENCODINGS) event.encodings.set(key, built);
  return built;
}

function build(event: EncodedEvent, kind: StreamEncoding, writer: EventWriter | undefined): Buffer {
  if (kind === "socket") return encodeTextFrame(formattedJson(event, writer));
  const name = kind === "named" || kind === "namedPlain" ? { event: event.facts.type } : {};
  const data = writer?.repeatsCursor === true ? formattedJson(event, writer) : plainJson(event, writer);
  const text = encodeSseBlock({ ...name, id: event.cursor, data });
  return kind === "sse" || kind === "named" ? encodeChunk(text) : Buffer.from(text);
}
