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
  readonly encodings: Map<StreamEncoding, Buffer>;
}

/** Some events that are due for the same listener at once: one write. */
export interface EventBatch {
  readonly events: readonly EncodedEvent[];
  readonly bytes: (kind: StreamEncoding) => Buffer;
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
  const joined = new Map<StreamEncoding, Buffer>();
  return {
    events,
    bytes: (kind) => {
      const only = events.length === 1 ? events[0] : undefined;
      if (only) return bytesOf(only, kind);
      const ready = joined.get(kind) ?? Buffer.concat(events.map((event) => bytesOf(event, kind)));
      joined.set(kind, ready);
      return ready;
    },
  };
}

function bytesOf(event: EncodedEvent, kind: StreamEncoding): Buffer {
  const ready = event.encodings.get(kind) ?? build(event, kind);
  event.encodings.set(kind, ready);
  return ready;
}

function build(event: EncodedEvent, kind: StreamEncoding): Buffer {
  if (kind === "socket") return encodeTextFrame(jsonWithCursor(event));
  const name = kind === "named" || kind === "namedPlain" ? { event: event.facts.type } : {};
  const text = encodeSseBlock({ ...name, id: event.cursor, data: event.json });
  return kind === "sse" || kind === "named" ? encodeChunk(text) : Buffer.from(text);
}
