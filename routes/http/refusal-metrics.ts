import type { Server, ServerResponse } from "node:http";
import type { ProblemCode } from "./problem.ts";

/**
 * Tells `onRefused` the code of every request that this server answers with a problem, for metrics: responses emit
 * `problem` for what reached a route, the server itself for what did not (broken framing, refused handshakes).
 */
export function countRefusals(server: Server, onRefused: (code: ProblemCode) => void): void {
  server.on("problem", onRefused);
  server.prependListener("request", (_req, res: ServerResponse) => res.once("problem", onRefused));
}
