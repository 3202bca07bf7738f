import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

type OnUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Answers requests that offer another protocol than WebSocket as if they had not. An offer may be ignored (RFC 9110
 * section 7.8), and Java's HttpClient and `curl --http2` offer h2c with every plain request. Node hands them all to the
 * `upgrade` listeners, so this takes the place of those that are there by now.
 */
export function ignoreOtherUpgrades(server: Server): void {
  const listeners = server.listeners("upgrade") as OnUpgrade[];
  server.removeAllListeners("upgrade");
  server.on("upgrade", (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (/\bwebsocket\b/i.test(req.headers.upgrade ?? "")) for (const listener of listeners) listener(req, socket, head);
    else {
      socket.unshift(Buffer.concat([headOf(req), head]));
      server.emit("connection", socket);
    }
  });
}

/** The request's head once more, without the offer. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (!/^(connection|upgrade|http2-settings)$/i.test(name)) lines.push(`${name}: ${rawHeaders[index + 1]}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
