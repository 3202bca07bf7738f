import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { Batch } from "../../src/streaming/encoded-event.ts";
import { wsTextFrame } from "../../src/streaming/websocket-encoding.ts";
import { type Outlet, streamOutlet } from "./stream-socket.ts";

/** Everything a WebSocket session says, and how far it has told its listener to have been read. */
export interface SocketMouth extends Pick<Outlet, "cutIfSlow" | "room"> {
  readonly say: (message: object) => void;
  /** Events, in the frames that all listeners share; answers how many went out. */
  readonly deliver: (batch: Batch) => number;
  /** Says the position when it moved and nothing else told of it for a while. */
  readonly position: (cursor: string, now: number) => void;
  /** Notes that the listener knows this cursor. */
  readonly told: (cursor: string) => void;
}

const POSITION_MS = 30_000;

/** Writes whole frames to the raw socket below `ws`, which is safe as long as nothing is compressed or fragmented. */
export function socketMouth(ws: WebSocket, socket: Socket, onCut: () => void): SocketMouth {
  const outlet = streamOutlet(socket, onCut);
  let known = "";
  let knownAt = Date.now();
  const told = (cursor: string) => {
    known = cursor;
    knownAt = Date.now();
  };
  // After our close frame nothing may follow (RFC 6455 section 5.5.1).
  const write = (bytes: Buffer) => ws.readyState === ws.OPEN && outlet.write(bytes);
  const say = (message: object) => void write(wsTextFrame(JSON.stringify(message)));
  return {
    cutIfSlow: outlet.cutIfSlow,
    room: outlet.room,
    say,
    told,
    deliver: (batch) => {
      told(batch.frames[batch.frames.length - 1]?.cursor ?? known);
      return write(batch.bytes("socket")) ? batch.frames.length : 0;
    },
    position: (cursor, now) => {
      if (now - knownAt < POSITION_MS) return;
      if (cursor !== known) say({ type: "position", cursor });
      told(cursor);
    },
  };
}
