import type { Server, ServerResponse } from "node:http";
import type { ProblemCode } from "./problem.ts";

/**
 * Reports the code of every problem that this server answers, for metrics.
 * Responses emit `problem` for requests that reached a route, the server itself for others (broken framing, refused
 * handshakes).
 */
export function countRefusals(server: Server, onRefused: (code: ProblemCode) => void): void {
  server.on("problem", onRefused);
  server.prependListener("request", (_req, res: ServerResponse) => res.once("problem", onRefused));
}
