import type { Socket } from "node:net";
import { fault } from "./coded-error.ts";
import { lineReader } from "./line-decoder.ts";

/** Unsent bytes after which a server that does not read is given up. */
const UNSENT_BYTES = 65_536;
/** What a line may have before its CR LF, and what its tags may have (RFC 2812; IRCv3 message-tags). */
const LINE_BYTES = 510;
const TAG_BYTES = 4_094;

/** A socket that speaks in lines; the one place where bytes leave for an IRC server. */
export interface Wire {
  /** Throws, and sends nothing, for whatever could be read as more than one line, or is too long for one. */
  readonly write: (line: string) => void;
  /** Stops reading until `resume`: the server then waits. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly paused: () => boolean;
  /**
   * Says a last line and hangs up, without one at once; resolves when the socket is closed, at the latest after `ms`. Until then
   * lines still come, but nothing more is sent.
   */
  readonly close: (last: string | undefined, ms: number) => Promise<void>;
}

export interface WireSettings {
  readonly socket: Socket;
  readonly onLine: (line: string) => void;
  /** Called once when the connection has ended, unless `close` ended it. */
  readonly onEnd: (thrown: unknown) => void;
  /** Silence after which the server is asked for a sign of life, and after as much again given up. */
  readonly idleMs: number;
}

/** See `Wire`. Lines come one after the other; a line that `onLine` throws for ends the connection. */
export function wire({ socket, onLine, onEnd, idleMs }: WireSettings): Wire {
  const lines = lineReader();
  let paused = false;
  let ended = false;
  let closing = false;
  let asked = false;
  let trouble: unknown;

  function end(thrown: unknown): void {
    if (ended) return;
    ended = true;
    socket.destroy();
    if (!closing) onEnd(thrown);
  }

  function pump(all = false): void {
    try {
      for (let line = lines.next(); line !== undefined; line = lines.next()) {
        onLine(line);
        if (paused && !all) return;
      }
    } catch (thrown) {
      end(thrown);
    }
  }

  function write(line: string): void {
    const unfit = unfitting(line);
    if (unfit) throw unfit;
    if (closing) return;
    if (ended || socket.destroyed) throw fault("IRC_CLOSED", "The connection has ended");
    if (socket.writableLength > UNSENT_BYTES) end(fault("ETIMEDOUT", "The server does not read"));
    else socket.write(`${line}\r\n`);
  }

  socket.setNoDelay(true);
  socket.setTimeout(idleMs);
  socket.on("data", (chunk: Buffer) => {
    // What can't be stored at the end is not gathered either.
    if (ended || (closing && paused)) return;
    asked = false;
    lines.push(chunk);
    if (!paused) pump();
  });
  socket.on("error", (error) => {
    trouble = error;
  });
  socket.on("timeout", () => {
    if (ended || closing || paused) return;
    if (asked) return end(fault("ETIMEDOUT", "The server gives no sign of life"));
    asked = true;
    write("PING :alive");
  });
  socket.on("close", () => {
    // What came before the end is still heard, in one go: the reader holds little.
    if (!ended) pump(true);
    end(trouble ?? fault("IRC_CLOSED", "The server closed the connection"));
  });

  return {
    write,
    pause: () => {
      paused = true;
      socket.pause();
    },
    resume: () => {
      if (!paused) return;
      paused = false;
      if (ended) return;
      pump();
      if (!paused) socket.resume();
    },
    paused: () => paused,
    close: (last, ms) => {
      closing = true;
      // A paused socket would never notice its end.
      socket.resume();
      return closed(socket, last, ms);
    },
  };
}

function closed(socket: Socket, last: string | undefined, ms: number): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), ms);
    socket.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    if (last === undefined) socket.destroy();
    else socket.end(`${last}\r\n`);
  });
}

function unfitting(line: string): Error | undefined {
  if (/[\r\n\0]/.test(line)) return fault("IRC_UNFIT", "A line can't contain CR, LF or NUL");
  const body = line.startsWith("@") ? line.indexOf(" ") + 1 : 0;
  const tags = Buffer.byteLength(line.slice(0, body));
  if (tags > TAG_BYTES || Buffer.byteLength(line.slice(body)) > LINE_BYTES)
    return fault("IRC_UNFIT", "The line is too long for IRC");
  return undefined;
}
