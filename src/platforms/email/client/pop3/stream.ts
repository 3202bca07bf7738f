import type { Socket } from "node:net";
import { Failure } from "../../../../model/failure.ts";
import { pop3Body } from "./body.ts";

/** Lines and bodies on a connection; any error ends the connection. */
export interface Pop3Stream {
  readonly write: (text: string) => void;
  /** Reads the next line without its end. */
  readonly line: () => Promise<string>;
  /** Reads the next multi-line answer: the first `maxBytes`, and the size of the whole. */
  readonly body: (maxBytes: number) => Promise<{ readonly bytes: Buffer; readonly size: number }>;
  /** True when no unread bytes are waiting. */
  readonly isQuiet: () => boolean;
  /** Detaches the socket, so that TLS can take over. */
  readonly release: () => Socket;
  readonly close: (error?: Error) => void;
}

/** Bytes of a line; RFC 2449 section 4 allows 512. */
const MAX_LINE_BYTES = 2_048;
/** Limit of a body as a multiple of its kept bytes. Beyond the limit the connection is closed. */
const MAX_BODY_FACTOR = 4;

/** Reads a socket's bytes on demand; `silenceMs` without any byte end the connection. */
export function pop3Stream(socket: Socket, silenceMs: number): Pop3Stream {
  let rest: Buffer = Buffer.alloc(0);
  let failure: unknown;
  let wake: () => void = () => undefined;
  const readable = () => wake();
  const failed = (error: unknown) => {
    failure ??= error;
    wake();
  };
  const closed = () => failed(codedError("ECONNRESET", "The server closed the connection"));
  const listeners = [
    ["readable", readable],
    ["error", failed],
    ["end", closed],
    ["close", closed],
  ] as const;
  for (const [event, listener] of listeners) socket.on(event, listener);

  async function readChunk(): Promise<Buffer> {
    const late = () => socket.destroy(codedError("ETIMEDOUT", "The server did not answer in time"));
    const clock = setTimeout(late, silenceMs);
    try {
      for (;;) {
        const chunk: unknown = socket.read();
        if (Buffer.isBuffer(chunk)) return chunk;
        if (failure !== undefined) throw failure;
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
        if (end > MAX_LINE_BYTES || (end < 0 && rest.length > MAX_LINE_BYTES)) {
          throw protocolError("The mail server sends endless lines.");
        }
        if (end >= 0) {
          const line = rest.subarray(0, end).toString("utf8");
          rest = rest.subarray(end + 2);
          return line;
        }
        const chunk = await readChunk();
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      }
    },
    body: async (maxBytes) => {
      const body = pop3Body(maxBytes);
      let after = body.take(rest);
      while (after === undefined) {
        if (body.size() > maxBytes * MAX_BODY_FACTOR) {
          throw protocolError("The mail server sends an answer without end.");
        }
        after = body.take(await readChunk());
      }
      rest = after;
      return { bytes: body.bytes(), size: body.size() };
    },
    isQuiet: () => rest.length === 0 && socket.readableLength === 0,
    release: () => {
      for (const [event, listener] of listeners) socket.off(event, listener);
      return socket;
    },
    close: (error) => {
      socket.destroy(error);
    },
  };
}

/** Makes the failure for a server that breaks the protocol. */
export function protocolError(detail: string): Failure {
  return new Failure({ kind: "retryable", code: "platform-protocol-error", detail });
}

function codedError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
