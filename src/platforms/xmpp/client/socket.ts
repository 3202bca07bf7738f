import type { Socket } from "node:net";
import { closedByServer, noAnswer, senseless } from "../errors.ts";

/** So much may wait to be written to a server that doesn't read. */
const UNREAD_BYTES = 1_048_576;

/** The socket's side of a stream: what is written, who waits for what, and how it ends. */
export interface Wire {
  readonly use: (socket: Socket) => void;
  readonly isOver: () => boolean;
  /** Throws a `Failure` when nothing was written. */
  readonly write: (text: string) => void;
  /** Ends it by itself, once; who made it is told. Undefined means that the server closed it. */
  readonly fail: (thrown: unknown) => void;
  /** Ends it without telling; `politely` with some last words. */
  readonly end: (thrown?: unknown) => void;
  readonly endPolitely: (words: string) => Promise<void>;
  /** Settles as the work does, or rejects when the wire ends or the time is up. */
  readonly within: <T>(work: Promise<T>, ms: number) => Promise<T>;
  readonly pause: (paused: boolean) => void;
}

export function wire(onEnd: (thrown: unknown) => void): Wire {
  let socket: Socket | undefined;
  let over: { readonly thrown: unknown } | undefined;
  const waiting = new Set<(thrown: unknown) => void>();

  function retire(thrown: unknown): void {
    over ??= { thrown };
    for (const reject of [...waiting]) reject(over.thrown);
  }
  function end(thrown: unknown = closedByServer()): void {
    retire(thrown);
    socket?.destroy();
  }
  function fail(thrown: unknown = closedByServer()): void {
    if (over) return;
    end(thrown);
    onEnd(thrown);
  }

  return {
    use: (next) => {
      socket = next;
    },
    isOver: () => over !== undefined,
    fail,
    end,
    write: (text) => {
      if (over || !socket?.writable) throw closedByServer();
      if (socket.writableLength > UNREAD_BYTES) fail(senseless("The XMPP server does not read what it is sent."));
      else socket.write(text);
      if (over) throw closedByServer();
    },
    endPolitely: async (words) => {
      if (over || !socket || socket.destroyed) return end();
      const ending = socket;
      retire(closedByServer());
      await new Promise<void>((resolve) => {
        const clock = setTimeout(() => ending.destroy(), 300);
        ending.once("close", () => {
          clearTimeout(clock);
          resolve();
        });
        ending.end(words);
        ending.resume();
      });
    },
    within: (work, ms) =>
      new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(clock);
          waiting.delete(stop);
        };
        const stop = (thrown: unknown) => {
          done();
          reject(thrown);
        };
        const clock = setTimeout(() => stop(noAnswer()), ms);
        waiting.add(stop);
        work.then(resolve, reject).finally(done);
        if (over) stop(over.thrown);
      }),
    pause: (paused) => {
      if (paused) socket?.pause();
      else socket?.resume();
    },
  };
}
