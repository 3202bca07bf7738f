import { formatCursor } from "../event-log/cursor.ts";
import { type EventFacts, factsOf } from "../event-log/filter.ts";
import { chunkOf, sseBlock } from "./sse-encoding.ts";
import { wsTextFrame } from "./websocket-encoding.ts";

/** The forms in which an event goes out; `plain` is for HTTP/1.0 peers, which can't take chunks. */
export type FrameKind = "sse" | "ssePlain" | "named" | "namedPlain" | "socket";

/** One event of a log, parsed once and built at most once per form, however many listeners get it. */
export interface Frame {
  readonly id: string;
  readonly cursor: string;
  /** The event's JSON in one line, without its cursor. */
  readonly json: string;
  readonly facts: EventFacts;
  readonly built: Map<FrameKind, Buffer>;
}

/** Some events that are due for the same listener at once: one write. */
export interface Batch {
  readonly frames: readonly Frame[];
  readonly bytes: (kind: FrameKind) => Buffer;
}

/** Makes the frame of an entry; throws a SyntaxError when its JSON is not an object with a `type`. */
export function frameOf(epoch: string, id: string, json: string): Frame {
  const event: unknown = JSON.parse(json);
  if (typeof event !== "object" || event === null) throw new SyntaxError("not an event");
  const { type } = event as { readonly type?: unknown };
  if (typeof type !== "string" || !/^[a-z][a-z-]{0,31}$/.test(type)) throw new SyntaxError("not an event's type");
  const facts = factsOf(event as Record<string, unknown>);
  const line = /[\r\n]/.test(json) ? JSON.stringify(event) : json;
  return { id, cursor: formatCursor(epoch, id), json: line, facts, built: new Map() };
}

/** The event's JSON with its `cursor`, as WebSockets and polls carry it. */
export function jsonWithCursor(frame: Frame): string {
  return `{"cursor":"${frame.cursor}",${frame.json.slice(frame.json.indexOf("{") + 1)}`;
}

/** Gathers frames; joining is done once per form, for all listeners that share the batch. */
export function batchOf(frames: readonly Frame[]): Batch {
  const joined = new Map<FrameKind, Buffer>();
  return {
    frames,
    bytes: (kind) => {
      const only = frames.length === 1 ? frames[0] : undefined;
      if (only) return bytesOf(only, kind);
      const ready = joined.get(kind) ?? Buffer.concat(frames.map((frame) => bytesOf(frame, kind)));
      joined.set(kind, ready);
      return ready;
    },
  };
}

function bytesOf(frame: Frame, kind: FrameKind): Buffer {
  const ready = frame.built.get(kind) ?? build(frame, kind);
  frame.built.set(kind, ready);
  return ready;
}

function build(frame: Frame, kind: FrameKind): Buffer {
  if (kind === "socket") return wsTextFrame(jsonWithCursor(frame));
  const name = kind === "named" || kind === "namedPlain" ? { event: frame.facts.type } : {};
  const text = sseBlock({ ...name, id: frame.cursor, data: frame.json });
  return kind === "sse" || kind === "named" ? chunkOf(text) : Buffer.from(text);
}
