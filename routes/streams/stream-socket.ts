import type { Socket } from "node:net";

/** Writes to one listener's raw socket without ever waiting for it. A listener that does not read is cut. */
export interface StreamSocket {
  /** False when the bytes were dropped because the listener is gone or was just cut. */
  readonly write: (bytes: Buffer) => boolean;
  /** Time of the last write, Unix ms. */
  readonly lastWrite: () => number;
  /** Cuts a listener that has not read for too long; true when it did. */
  readonly cutIfSlow: (now: number) => boolean;
  /** Resolves when more may be written; undefined: at once. */
  readonly drained: () => Promise<void> | undefined;
}

/** Queued bytes that mark a listener as slow. Those that end it at once; how long it may stay slow. */
const SLOW_BYTES = 262_144;
const MAX_BYTES = 1_048_576;
const SLOW_MS = 20_000;

/** `onCut` is told before the socket is destroyed. A cut listener resumes from its cursor, so it loses nothing. */
export function streamSocket(socket: Socket, onCut: () => void): StreamSocket {
  let slowSince = 0;
  let lastWrite = Date.now();

  function cutIfSlow(now: number): boolean {
    const queued = socket.writableLength;
    if (queued <= SLOW_BYTES) {
      slowSince = 0;
      return false;
    }
    if (slowSince === 0) slowSince = now;
    if (queued <= MAX_BYTES && now - slowSince < SLOW_MS) return false;
    onCut();
    socket.destroy();
    return true;
  }
  return {
    write: (bytes) => {
      lastWrite = Date.now();
      if (socket.destroyed || socket.writableEnded || cutIfSlow(lastWrite)) return false;
      socket.write(bytes);
      return true;
    },
    lastWrite: () => lastWrite,
    cutIfSlow,
    drained: () => (socket.writableNeedDrain && !socket.destroyed ? untilDrained(socket) : undefined),
  };
}

function untilDrained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}
