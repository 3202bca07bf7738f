import type { Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Problem } from "./problem.ts";
import { rawProblem } from "./raw-problem.ts";

/**
 * Answers malformed, oversized and slow requests with a problem and closes the connection.
 * Such requests never reach a route, and what follows on the connection cannot be trusted. The server emits `problem` with
 * the code.
 */
export function answerMalformedHttp(server: Server): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    // What follows `Connection: close` is ignored (RFC 9112 section 9.6); the answer before it still goes out.
    if (error.code === "HPE_CLOSED_CONNECTION") return;
    if (error.code === "ECONNRESET" || !socket.writable || isAnswering(socket)) {
      socket.destroy();
      return;
    }
    const problem = problemFor(error.code);
    server.emit("problem", problem.code);
    socket.end(rawProblem(problem, socket));
  });
}

/** True while an answer is on its way. A stream must not get a foreign head in its middle. Node's own handler looks here too. */
function isAnswering(socket: Duplex): boolean {
  const { _httpMessage } = socket as Duplex & { readonly _httpMessage?: Pick<ServerResponse, "headersSent"> | null };
  return _httpMessage?.headersSent === true;
}

function problemFor(code: string | undefined): Problem {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new Problem("headers-too-large", "The head of a request may have 16 kB.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new Problem("request-timeout", "Send the head within 10 seconds and the whole request within 60.");
    default:
      return new Problem("malformed-request", "The request's first line, a header or the length of its body is wrong.");
  }
}
