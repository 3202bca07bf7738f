import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { EventWriter } from "../../src/event-formats/event-formats.ts";
import type { EventBatch } from "../../src/streaming/encoded-event.ts";
import { encodeTextFrame } from "../../src/streaming/websocket-encoding.ts";
import { type StreamSocket, streamSocket } from "./stream-socket.ts";

/** Writer of a WebSocket session, with the position told to its client. */
export interface WebSocketWriter extends Pick<StreamSocket, "cutIfSlow" | "drained"> {
  readonly writeMessage: (message: object) => void;
  /** Events, in the frames that all listeners share; answers how many went out. */
  readonly writeEvents: (batch: EventBatch) => number;
  /** Says the position when it moved and nothing else told of it for a while. */
  readonly writePosition: (cursor: string, now: number) => void;
  /** Notes that the listener knows this cursor. */
  readonly noteCursor: (cursor: string) => void;
}

const POSITION_MS = 30_000;

/** Writes frames to the raw socket below `ws`. Safe while frames are whole and uncompressed. */
export function webSocketWriter(
  ws: WebSocket,
  socket: Socket,
  eventWriter: EventWriter | undefined,
  onCut: () => void,
): WebSocketWriter {
  const clientSocket = streamSocket(socket, onCut);
  let known = "";
  let knownAt = Date.now();
  const cursorSent = (cursor: string) => {
    known = cursor;
    knownAt = Date.now();
  };
  // After our close frame nothing may follow (RFC 6455 section 5.5.1).
  const write = (bytes: Buffer) => ws.readyState === ws.OPEN && clientSocket.write(bytes);
  const sendMessage = (message: object) => void write(encodeTextFrame(JSON.stringify(message)));
  return {
    cutIfSlow: clientSocket.cutIfSlow,
    drained: clientSocket.drained,
    writeMessage: sendMessage,
    noteCursor: cursorSent,
    writeEvents: (batch) => {
      cursorSent(batch.events[batch.events.length - 1]?.cursor ?? known);
      return write(batch.bytes("socket", eventWriter)) ? batch.events.length : 0;
    },
    writePosition: (cursor, now) => {
      if (now - knownAt < POSITION_MS) return;
      if (cursor !== known) sendMessage({ type: "position", cursor });
      cursorSent(cursor);
    },
  };
}
