import type { Socket } from "node:net";
import { codedError } from "./coded-error.ts";
import { lineDecoder } from "./line-decoder.ts";

/** Unsent bytes after which the connection to a server that does not read is ended. */
const MAX_UNSENT_BYTES = 65_536;
/** Bytes of a line before CR LF, and of its tags (RFC 2812; IRCv3 message-tags). */
const MAX_LINE_BYTES = 510;
const MAX_TAG_BYTES = 4_094;

/** Socket that reads and writes lines. The only place where bytes leave for an IRC server. */
export interface LineSocket {
  /** Writes a line. Throws for text that could be read as several lines, or is too long. */
  readonly write: (line: string) => void;
  /** Stops reading until `resume`; the server's data waits. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly isPaused: () => boolean;
  /**
   * Sends a last line and closes; undefined closes at once. Resolves when the socket is closed, at the latest after `ms`.
   * Until then lines still come, but nothing more is sent.
   */
  readonly close: (lastLine: string | undefined, ms: number) => Promise<void>;
}

export interface LineSocketOptions {
  readonly socket: Socket;
  readonly onLine: (line: string) => void;
  /** Called once when the connection has ended, unless `close` ended the connection. */
  readonly onEnd: (thrown: unknown) => void;
  /** Milliseconds of silence before a PING; after as many more the connection is ended. */
  readonly idleMs: number;
}

/** Wraps a socket. Lines come one after the other; an error thrown by `onLine` ends the connection. */
export function lineSocket({ socket, onLine, onEnd, idleMs }: LineSocketOptions): LineSocket {
  const decoder = lineDecoder();
  let isPaused = false;
  let isEnded = false;
  let isClosing = false;
  let isProbing = false;
  let socketError: unknown;

  function end(thrown: unknown): void {
    if (isEnded) return;
    isEnded = true;
    socket.destroy();
    if (!isClosing) onEnd(thrown);
  }

  function readLines(all = false): void {
    try {
      for (let line = decoder.next(); line !== undefined; line = decoder.next()) {
        onLine(line);
        if (isPaused && !all) return;
      }
    } catch (thrown) {
      end(thrown);
    }
  }

  function write(line: string): void {
    const error = lineError(line);
    if (error) throw error;
    if (isClosing) return;
    if (isEnded || socket.destroyed) throw codedError("IRC_CLOSED", "The connection has ended");
    if (socket.writableLength > MAX_UNSENT_BYTES) end(codedError("ETIMEDOUT", "The server does not read"));
    else socket.write(`${line}\r\n`);
  }

  socket.setNoDelay(true);
  socket.setTimeout(idleMs);
  socket.on("data", (chunk: Buffer) => {
    // Lines that can't be recorded at the end are not collected either.
    if (isEnded || (isClosing && isPaused)) return;
    isProbing = false;
    decoder.push(chunk);
    if (!isPaused) readLines();
  });
  socket.on("error", (error) => {
    socketError = error;
  });
  socket.on("timeout", () => {
    if (isEnded || isClosing || isPaused) return;
    if (isProbing) return end(codedError("ETIMEDOUT", "The server does not answer PING"));
    isProbing = true;
    write("PING :alive");
  });
  socket.on("close", () => {
    // Lines received before the end are still read, all at once: the decoder holds little.
    if (!isEnded) readLines(true);
    end(socketError ?? codedError("IRC_CLOSED", "The server closed the connection"));
  });

  return {
    write,
    pause: () => {
      isPaused = true;
      socket.pause();
    },
    resume: () => {
      if (!isPaused) return;
      isPaused = false;
      if (isEnded) return;
      readLines();
      if (!isPaused) socket.resume();
    },
    isPaused: () => isPaused,
    close: (lastLine, ms) => {
      isClosing = true;
      // A paused socket would never notice its end.
      socket.resume();
      return closeSocket(socket, lastLine, ms);
    },
  };
}

function closeSocket(socket: Socket, lastLine: string | undefined, ms: number): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), ms);
    socket.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    if (lastLine === undefined) socket.destroy();
    else socket.end(`${lastLine}\r\n`);
  });
}

function lineError(line: string): Error | undefined {
  if (/[\r\n\0]/.test(line)) return codedError("IRC_UNFIT", "A line can't contain CR, LF or NUL");
  const body = line.startsWith("@") ? line.indexOf(" ") + 1 : 0;
  const tagBytes = Buffer.byteLength(line.slice(0, body));
  if (tagBytes > MAX_TAG_BYTES || Buffer.byteLength(line.slice(body)) > MAX_LINE_BYTES)
    return codedError("IRC_UNFIT", "The line is too long for IRC");
  return undefined;
}
