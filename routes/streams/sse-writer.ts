import type { Socket } from "node:net";
import type { EventWriter } from "../../src/event-formats/event-formats.ts";
import type { EventBatch, StreamEncoding } from "../../src/streaming/encoded-event.ts";
import { encodeChunk, LAST_CHUNK } from "../../src/streaming/sse-encoding.ts";
import { formatPosition } from "./sse-format.ts";
import { type StreamSocket, streamSocket } from "./stream-socket.ts";

/** Everything one event stream says, in the form its peer takes. */
export interface SseWriter extends Omit<StreamSocket, "write"> {
  /** Says a text that leaves the listener at this cursor. */
  readonly writeText: (text: string, cursor: string) => void;
  /** Events, in the frames that all listeners share; true when they went out. */
  readonly writeEvents: (batch: EventBatch) => boolean;
  /** A sign of life. The position if it is given and not known yet, else a comment. */
  readonly heartbeat: (position: string | undefined) => void;
  /** The last words, and the proper end of the body. */
  readonly end: (text: string) => void;
}

const LINGER_MS = 5_000;
const HEARTBEAT = ":\n\n";

/** Form of an event stream. */
export interface SseForm {
  /** HTTP/1.1; an HTTP/1.0 peer gets the bare text until the connection closes. */
  readonly chunked: boolean;
  /** Whether the type of an event is its SSE name too. */
  readonly named: boolean;
  /** Writer of another format than the log's. */
  readonly writer: EventWriter | undefined;
}

/** Writes to the raw socket. Chunks made here (RFC 9112 section 7.1), or the bare text for HTTP/1.0. */
export function sseWriter(socket: Socket, { chunked, named, writer }: SseForm, onCut: () => void): SseWriter {
  const clientSocket = streamSocket(socket, onCut);
  const kind = kindOf(chunked, named);
  const encode = chunked ? encodeChunk : (text: string) => Buffer.from(text);
  let known = "";
  const sendEvent = (text: string, cursor: string) => {
    known = cursor;
    clientSocket.write(encode(text));
  };
  return {
    ...clientSocket,
    writeText: sendEvent,
    writeEvents: (batch) => {
      known = batch.events[batch.events.length - 1]?.cursor ?? known;
      return clientSocket.write(batch.bytes(kind, writer));
    },
    heartbeat: (position) => {
      if (position === undefined || position === known) sendEvent(HEARTBEAT, known);
      else sendEvent(formatPosition(position), position);
    },
    end: (text) => {
      socket.end(chunked ? Buffer.concat([encode(text), LAST_CHUNK]) : encode(text));
      const impatience = setTimeout(() => socket.destroy(), LINGER_MS).unref();
      socket.once("close", () => clearTimeout(impatience));
    },
  };
}

function kindOf(chunked: boolean, named: boolean): StreamEncoding {
  if (named) return chunked ? "named" : "namedPlain";
  return chunked ? "sse" : "ssePlain";
}
