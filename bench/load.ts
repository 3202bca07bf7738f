import { connect, type Socket } from "node:net";

/** Cheap HTTP/1.1 client for load: one request at a time on a kept-alive connection. */
export interface Line {
  /** Writes a whole request; resolves with status and body. */
  readonly ask: (request: Buffer) => Promise<{ readonly status: number; readonly body: string }>;
  readonly close: () => void;
}

/** Opens one connection. */
export async function line(port: number): Promise<Line> {
  const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let pending:
    | { resolve: (answer: { status: number; body: string }) => void; reject: (error: Error) => void }
    | undefined;
  let buffer = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    buffer += chunk;
    const head = buffer.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(buffer.slice(0, head))?.[1] ?? 0);
    if (buffer.length < head + 4 + length) return;
    const answer = { status: Number(buffer.slice(9, 12)), body: buffer.slice(head + 4, head + 4 + length) };
    buffer = buffer.slice(head + 4 + length);
    pending?.resolve(answer);
  });
  socket.on("close", () => pending?.reject(new Error("the connection closed")));
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        pending = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

/** A POST of JSON as bytes. */
export function post(path: string, key: string, value: unknown): Buffer {
  const body = JSON.stringify(value);
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
