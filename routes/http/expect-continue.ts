import type { IncomingMessage, Server, ServerResponse } from "node:http";

/** Responses whose clients wait for `100 Continue` before they send a body. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Leaves `100 Continue` to the reader of the body (RFC 9110 section 10.1.1). A refusal then comes before it. */
export function deferContinue(server: Server): void {
  server.on("checkContinue", (req: IncomingMessage, res: ServerResponse) => {
    waiting.set(req, res);
    server.emit("request", req, res);
  });
}

/** Asks a client that waits to send its body. Call it once the body is wanted. */
export function askForBody(req: IncomingMessage): void {
  const res = waiting.get(req);
  waiting.delete(req);
  res?.writeContinue();
}

/** Tells whether the client still holds its body back. What comes next on the connection can't be told apart from it. */
export function holdsBodyBack(req: IncomingMessage): boolean {
  return waiting.has(req);
}
