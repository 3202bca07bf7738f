import type { Socket } from "node:net";
import { Failure } from "../../../../model/failure.ts";
import { pop3Body } from "./body.ts";

/** Lines and bodies on one connection; whatever is wrong with it ends it. */
export interface Pop3Stream {
  readonly write: (text: string) => void;
  /** The next line without its end. */
  readonly line: () => Promise<string>;
  /** The next multi-line answer's content: its first `most` bytes, and how many there were. */
  readonly body: (most: number) => Promise<{ readonly bytes: Buffer; readonly size: number }>;
  /** True when nothing was said that nobody asked for. */
  readonly quiet: () => boolean;
  /** Gives the socket away, to go on encrypted. */
  readonly release: () => Socket;
  readonly close: (error?: Error) => void;
}

/** Bytes of a line; RFC 2449 section 4 allows 512. */
const LINE = 2_048;
/** A body may be so many times larger than what is kept of it; beyond that the connection is given up. */
const TOO_LARGE = 4;

/** Reads a socket's bytes as they are asked for; `silence` ms without any of them end it. */
export function pop3Stream(socket: Socket, silence: number): Pop3Stream {
  let rest: Buffer = Buffer.alloc(0);
  let fault: unknown;
  let wake: () => void = () => undefined;
  const readable = () => wake();
  const failed = (error: unknown) => {
    fault ??= error;
    wake();
  };
  const closed = () => failed(broken("ECONNRESET", "The server closed the connection"));
  const listeners = [
    ["readable", readable],
    ["error", failed],
    ["end", closed],
    ["close", closed],
  ] as const;
  for (const [event, listener] of listeners) socket.on(event, listener);

  async function more(): Promise<Buffer> {
    const clock = setTimeout(() => socket.destroy(broken("ETIMEDOUT", "The server did not answer in time")), silence);
    try {
      for (;;) {
        const chunk: unknown = socket.read();
        if (Buffer.isBuffer(chunk)) return chunk;
        if (fault !== undefined) throw fault;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      clearTimeout(clock);
    }
  }

  return {
    write: (text) => {
      socket.write(text);
    },
    line: async () => {
      for (;;) {
        const end = rest.indexOf("\r\n");
        if (end > LINE || (end < 0 && rest.length > LINE)) throw odd("The mail server sends endless lines.");
        if (end >= 0) {
          const line = rest.subarray(0, end).toString("utf8");
          rest = rest.subarray(end + 2);
          return line;
        }
        const chunk = await more();
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      }
    },
    body: async (most) => {
      const body = pop3Body(most);
      let after = body.take(rest);
      while (after === undefined) {
        if (body.size() > most * TOO_LARGE) throw odd("The mail server sends an answer without end.");
        after = body.take(await more());
      }
      rest = after;
      return { bytes: body.bytes(), size: body.size() };
    },
    quiet: () => rest.length === 0 && socket.readableLength === 0,
    release: () => {
      for (const [event, listener] of listeners) socket.off(event, listener);
      return socket;
    },
    close: (error) => {
      socket.destroy(error);
    },
  };
}

/** The failure for a server that does not speak as it should. */
export function odd(detail: string): Failure {
  return new Failure({ kind: "retryable", code: "platform-protocol-error", detail });
}

function broken(code: string, sentence: string): Error {
  return Object.assign(new Error(sentence), { code });
}
