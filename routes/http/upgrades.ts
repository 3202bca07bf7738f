import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Problem } from "./problem.ts";
import { rawProblem } from "./raw-problem.ts";
import { targetProblem } from "./request-target.ts";

type OnUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Routes requests that offer another protocol. Replaces the current `upgrade` listeners: WebSockets are passed to them,
 * other offers are ignored and the request is answered as HTTP/1.1 (RFC 9110 section 7.8; Java's HttpClient and
 * `curl --http2` offer h2c with every plain request). Each waits for the answers to earlier requests of the connection.
 * The server emits `problem` with the code of a refusal.
 */
export function sortUpgrades(server: Server): void {
  const listeners = server.listeners("upgrade") as OnUpgrade[];
  const afterAnswers = answersInOrder(server);
  server.removeAllListeners("upgrade");
  server.on("upgrade", (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    afterAnswers(socket, () => {
      const isWebSocket = /\bwebsocket\b/i.test(req.headers.upgrade ?? "");
      const problem = isWebSocket ? targetProblem(req) : undefined;
      if (problem !== undefined) refuse(server, socket, problem);
      else if (isWebSocket) for (const listener of listeners) listener(req, socket, head);
      else {
        socket.unshift(Buffer.concat([headOf(req), head]));
        server.emit("connection", socket);
      }
    });
  });
}

function refuse(server: Server, socket: Duplex, problem: Problem): void {
  server.emit("problem", problem.code);
  socket.end(rawProblem(problem, socket));
}

/** Returns a function that runs its argument after all earlier responses of the connection. */
function answersInOrder(server: Server): (socket: Duplex, next: () => void) => void {
  const unanswered = new WeakMap<Duplex, number>();
  const waiting = new WeakMap<Duplex, () => void>();
  server.prependListener("request", ({ socket }: IncomingMessage, res: ServerResponse) => {
    unanswered.set(socket, (unanswered.get(socket) ?? 0) + 1);
    res.once("close", () => {
      const left = (unanswered.get(socket) ?? 1) - 1;
      unanswered.set(socket, left);
      if (left > 0) return;
      const next = waiting.get(socket);
      waiting.delete(socket);
      // Node lets go of the socket after this event.
      if (next !== undefined) setImmediate(next);
    });
  });
  return (socket, next) => {
    if ((unanswered.get(socket) ?? 0) === 0) return next();
    waiting.set(socket, () => {
      if (!socket.destroyed && socket.writable) next();
    });
  };
}

/** Returns the request's head once more, without the offer. Other options of the connection stay. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const value = rawHeaders[index + 1] ?? "";
    if (/^(upgrade|http2-settings)$/i.test(name)) continue;
    lines.push(`${name}: ${/^connection$/i.test(name) ? withoutOffer(value) : value}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

function withoutOffer(options: string): string {
  return options
    .split(",")
    .map((option) => option.trim())
    .filter((option) => !/^(upgrade|http2-settings)$/i.test(option))
    .join(", ");
}
