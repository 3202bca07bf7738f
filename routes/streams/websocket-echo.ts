import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";

/** Sends every message back as it came and nothing else: for conformance suites. */
export function echoSocket(ws: WebSocket): void {
  ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
}

/** True when the peer is this very machine and no proxy stands between. */
export function isDirectLoopback(req: IncomingMessage): boolean {
  const address = req.socket.remoteAddress ?? "";
  const forwarded = ["x-forwarded-for", "forwarded", "x-real-ip"].some((name) => req.headers[name] !== undefined);
  return !forwarded && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address);
}
