import type { Socket } from "node:net";
import { closedByServer, noResponse, protocolError } from "../errors.ts";

/** Bytes that may wait to be written to a server that does not read. */
const MAX_UNWRITTEN_BYTES = 1_048_576;
/** Milliseconds for the server to close the socket after the stream's end tag. */
const CLOSE_TIMEOUT_MS = 300;

/** The socket of a stream: writing, waiting, ending. */
export interface StreamSocket {
  readonly attach: (socket: Socket) => void;
  readonly isEnded: () => boolean;
  /** Writes text; throws a `Failure` when nothing was written. */
  readonly write: (text: string) => void;
  /** Ends the socket and calls `onEnd`, once. Undefined means that the server closed the connection. */
  readonly fail: (thrown: unknown) => void;
  /** Ends the socket without calling `onEnd`. */
  readonly end: (thrown?: unknown) => void;
  /** Writes the closing text and waits for the server to close, without calling `onEnd`. */
  readonly closeGracefully: (closingText: string) => Promise<void>;
  /** Settles as `work` does; rejects when the socket ends or the time is up. */
  readonly withTimeout: <T>(work: Promise<T>, ms: number) => Promise<T>;
  readonly pause: (isPaused: boolean) => void;
}

/** Creates the socket side of a stream. `onEnd` is called once when the stream ends without `close`. */
export function streamSocket(onEnd: (thrown: unknown) => void): StreamSocket {
  let socket: Socket | undefined;
  let ended: { readonly thrown: unknown } | undefined;
  const waiting = new Set<(thrown: unknown) => void>();

  function rejectWaiting(thrown: unknown): void {
    ended ??= { thrown };
    for (const reject of [...waiting]) reject(ended.thrown);
  }
  function end(thrown: unknown = closedByServer()): void {
    rejectWaiting(thrown);
    socket?.destroy();
  }
  function fail(thrown: unknown = closedByServer()): void {
    if (ended) return;
    end(thrown);
    onEnd(thrown);
  }

  return {
    attach: (next) => {
      socket = next;
    },
    isEnded: () => ended !== undefined,
    fail,
    end,
    write: (text) => {
      if (ended || !socket?.writable) throw closedByServer();
      if (socket.writableLength > MAX_UNWRITTEN_BYTES)
        fail(protocolError("The XMPP server does not read its connection."));
      else socket.write(text);
      if (ended) throw closedByServer();
    },
    closeGracefully: async (closingText) => {
      if (ended || !socket || socket.destroyed) return end();
      const closing = socket;
      rejectWaiting(closedByServer());
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => closing.destroy(), CLOSE_TIMEOUT_MS);
        closing.once("close", () => {
          clearTimeout(timer);
          resolve();
        });
        closing.end(closingText);
        closing.resume();
      });
    },
    withTimeout: (work, ms) =>
      new Promise((resolve, reject) => {
        const settle = () => {
          clearTimeout(timer);
          waiting.delete(stop);
        };
        const stop = (thrown: unknown) => {
          settle();
          reject(thrown);
        };
        const timer = setTimeout(() => stop(noResponse()), ms);
        waiting.add(stop);
        work.then(resolve, reject).finally(settle);
        if (ended) stop(ended.thrown);
      }),
    pause: (isPaused) => {
      if (isPaused) socket?.pause();
      else socket?.resume();
    },
  };
}
